#include <phx/server/pubsub.hpp>

#include <stdexcept>
#include <utility>

#include <phx/server/observer.hpp>
#include <phx/server/shard.hpp>

#include "topic_table.hpp"

namespace phx::server {

struct PubSub::Impl {
  std::string name;
  std::vector<Shard*> shards;
  std::vector<std::unique_ptr<detail::TopicTable>> tables;  // by shard index; not changed while shards run
  PubSubAdapter* adapter = nullptr;
  Observer* observer = &silent_observer();
};

PubSub::PubSub(std::string name) : impl_(std::make_unique<Impl>()) { impl_->name = std::move(name); }
PubSub::~PubSub() = default;

const std::string& PubSub::name() const noexcept { return impl_->name; }
const std::vector<Shard*>& PubSub::shards() const noexcept { return impl_->shards; }
void PubSub::use(PubSubAdapter& adapter) { impl_->adapter = &adapter; }
void PubSub::use(Observer& observer) { impl_->observer = &observer; }
Observer& PubSub::observer() const noexcept { return *impl_->observer; }

void PubSub::attach(Shard& shard) {
  auto& tables = impl_->tables;
  if (tables.size() <= shard.index()) tables.resize(shard.index() + 1);
  if (tables[shard.index()]) throw std::logic_error("a shard is attached once");
  tables[shard.index()] = std::make_unique<detail::TopicTable>(*this, shard);
  impl_->shards.push_back(&shard);
}

detail::TopicTable& PubSub::table(const Shard& shard) {
  if (shard.index() >= impl_->tables.size() || !impl_->tables[shard.index()]) throw std::logic_error("shard is not attached to PubSub");
  return *impl_->tables[shard.index()];
}

void PubSub::dispatch(const Subscriber* from, std::string_view topic, std::string_view event, const Payload& payload) {
  if (!payload.is_message()) throw std::invalid_argument("a broadcast carries an object or bytes");
  detail::TopicTable* own = nullptr;
  for (Shard* shard : impl_->shards)
    if (shard->is_current()) own = &table(*shard);
  if (own) {
    own->dispatch(from, topic, event, payload);  // first: what fails here goes nowhere
    ++own->shard().stats().broadcasts;
  }
  if (impl_->shards.size() == (own ? 1U : 0U)) return;

  const auto message = std::make_shared<const Broadcast>(Broadcast{std::string(topic), std::string(event), payload});
  for (Shard* shard : impl_->shards) {
    detail::TopicTable* other = &table(*shard);
    if (other == own) continue;
    const bool counts = !own && shard == impl_->shards.front();
    shard->post([other, message, counts, observer = impl_->observer] {
      if (counts) ++other->shard().stats().broadcasts;
      try {
        other->dispatch(nullptr, message->topic, message->event, message->payload);
      } catch (const std::invalid_argument& e) {
        observer->log({Level::error, "broadcast cannot be encoded for members of another worker", message->topic, e.what()});
      }
    });
  }
}

std::error_code PubSub::broadcast(std::string_view topic, std::string_view event, const Payload& payload) {
  if (impl_->adapter) {
    if (const auto error = impl_->adapter->broadcast(topic, event, payload)) return error;
  }
  dispatch(nullptr, topic, event, payload);
  return {};
}

std::error_code PubSub::broadcast_from(const Subscriber& from, std::string_view topic, std::string_view event, const Payload& payload) {
  if (impl_->adapter) {
    if (const auto error = impl_->adapter->broadcast(topic, event, payload)) return error;
  }
  dispatch(&from, topic, event, payload);
  return {};
}

void PubSub::local_broadcast(std::string_view topic, std::string_view event, const Payload& payload) {
  dispatch(nullptr, topic, event, payload);
}

void PubSub::local_broadcast_from(const Subscriber& from, std::string_view topic, std::string_view event, const Payload& payload) {
  dispatch(&from, topic, event, payload);
}

std::error_code PubSub::direct_broadcast(std::string_view node, std::string_view topic, std::string_view event, const Payload& payload) {
  if (impl_->adapter) return impl_->adapter->direct_broadcast(node, topic, event, payload);
  if (node == local_node_name) dispatch(nullptr, topic, event, payload);
  return {};
}

namespace {

/// Tells a function from the mailbox of its shard. What is still queued when the subscription ends is dropped.
class CallbackSubscription final : public PubSub::Subscription, public Subscriber {
 public:
  CallbackSubscription(detail::TopicTable& table, std::string_view topic, std::function<void(const Broadcast&)> told)
      : shard_(table.shard()), told_(std::make_shared<std::function<void(const Broadcast&)>>(std::move(told))) {
    table.acquire(topic)->join(registration_, *this);
  }

  void on_broadcast(const BroadcastPtr& message) override {
    shard_.defer([weak = std::weak_ptr(told_), message] {
      if (const auto told = weak.lock()) (*told)(*message);
    });
  }

 private:
  Shard& shard_;
  std::shared_ptr<std::function<void(const Broadcast&)>> told_;
  detail::Registration registration_;
};

}  // namespace

std::unique_ptr<PubSub::Subscription> PubSub::subscribe(Shard& shard, std::string_view topic, std::function<void(const Broadcast&)> told) {
  return std::make_unique<CallbackSubscription>(table(shard), topic, std::move(told));
}

Observer& silent_observer() noexcept {
  static Observer nobody;
  return nobody;
}

}  // namespace phx::server
