#include "engine/nats_bus.hpp"

#include <phx/scenario/mask.hpp>

#include <nats/nats.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace phx::load {
namespace {

constexpr std::int64_t flush_ms = 10'000;

void checked(natsStatus status, const std::string& what) {
  if (status != NATS_OK) throw std::runtime_error(what + ": " + natsStatus_GetText(status));
}

struct Free {
  void operator()(natsOptions* p) const noexcept { natsOptions_Destroy(p); }
  void operator()(natsConnection* p) const noexcept { natsConnection_Destroy(p); }
  void operator()(natsSubscription* p) const noexcept { natsSubscription_Destroy(p); }
};

}  // namespace

struct NatsBus::Impl {
  std::string prefix;
  std::mutex mutex;  // arrived, delivering
  std::condition_variable some;
  std::vector<Arrived> arrived;
  std::unique_ptr<natsConnection, Free> connection;
  std::vector<std::unique_ptr<natsSubscription, Free>> subscriptions;
  std::size_t delivering = 0;  // subscriptions whose thread may still call us

  static void on_message(natsConnection* /*connection*/, natsSubscription* /*subscription*/, natsMsg* message, void* self) {
    auto& bus = *static_cast<Impl*>(self);
    Arrived one{{natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))}, std::chrono::steady_clock::now()};
    natsMsg_Destroy(message);
    const std::lock_guard lock(bus.mutex);
    bus.arrived.push_back(std::move(one));
    bus.some.notify_one();
  }

  static void on_complete(void* self) {
    auto& bus = *static_cast<Impl*>(self);
    const std::lock_guard lock(bus.mutex);
    --bus.delivering;
    bus.some.notify_one();
  }

  void subscribe(const std::string& subject) {
    natsSubscription* made = nullptr;
    checked(natsConnection_Subscribe(&made, connection.get(), (prefix + subject).c_str(), on_message, this), "NATS");
    subscriptions.emplace_back(made);
    checked(natsSubscription_SetOnCompleteCB(made, on_complete, this), "NATS");
    {
      const std::lock_guard lock(mutex);
      ++delivering;
    }
    checked(natsSubscription_SetPendingLimits(made, -1, -1), "NATS");  // a result may be many pieces at once
  }
};

NatsBus::NatsBus(const std::string& url, const std::string& fleet, const std::string& id) : impl_(std::make_unique<Impl>()) {
  impl_->prefix = "phx_load." + fleet + ".";
  natsOptions* made = nullptr;
  checked(natsOptions_Create(&made), "NATS");
  const std::unique_ptr<natsOptions, Free> options(made);
  const std::string shown = scenario::mask_url(url);
  checked(natsOptions_SetURL(made, url.c_str()), "--nats '" + shown + "'");
  checked(natsOptions_SetName(made, ("phx-load " + fleet).c_str()), "NATS");
  checked(natsOptions_SetMaxReconnect(made, -1), "NATS");  // who gives a member up is FleetCore's to say
  natsConnection* connection = nullptr;
  checked(natsConnection_Connect(&connection, made), "cannot connect to " + shown);
  impl_->connection.reset(connection);
  impl_->subscribe("all");
  impl_->subscribe("to." + id);
  flush();
}

NatsBus::~NatsBus() {
  natsConnection_Close(impl_->connection.get());
  std::unique_lock lock(impl_->mutex);
  impl_->some.wait(lock, [&] { return impl_->delivering == 0; });
}

void NatsBus::say(const std::string& to, const std::string& message) {
  const std::string subject = impl_->prefix + (to.empty() ? "all" : "to." + to);
  checked(natsConnection_Publish(impl_->connection.get(), subject.c_str(), message.data(), static_cast<int>(message.size())), "NATS");
}

std::vector<NatsBus::Arrived> NatsBus::take(Duration patience) {
  std::unique_lock lock(impl_->mutex);
  if (patience > Duration::zero()) impl_->some.wait_for(lock, patience, [&] { return !impl_->arrived.empty(); });
  return std::exchange(impl_->arrived, {});
}

void NatsBus::flush() { checked(natsConnection_FlushTimeout(impl_->connection.get(), flush_ms), "NATS"); }

}  // namespace phx::load
