#include <phx/server/endpoint.hpp>
#include <phx/server/introspection.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/user_socket.hpp>
#include <phx/testing/net_target.hpp>
#include <phx/testing/way.hpp>

#include <future>
#include <stdexcept>

namespace phx::testing {
namespace {

server::EndpointOptions options_of(const Application& application) {
  server::EndpointOptions options;
  options.workers = 1;
  options.plugs = application.plugs;
  options.pubsub = application.pubsub.get();
  options.drain.shutdown = std::chrono::seconds(2);
  if (application.user_socket)
    options.sockets.push_back({.path = application.path,
                               .handler = std::make_shared<server::ChannelSocketHandler>(application.user_socket, *application.pubsub),
                               .websocket = server::WebSocketOptions{},
                               .auth_token = true,
                               .longpoll = server::LongPollOptions{}});
  return options;
}

/// The endpoint, made before the target that knows its port.
class Served {
 public:
  explicit Served(Application application) : application_(std::move(application)) {
    if (!application_.pubsub) application_.pubsub = std::make_shared<server::PubSub>();
    endpoint_.emplace(options_of(application_));
    if (const auto started = endpoint_->start(); !started) throw std::system_error(started.error(), "loopback: cannot listen");
  }

  std::string url() const { return "ws://127.0.0.1:" + std::to_string(endpoint_->port()) + application_.path; }
  server::Shard& shard() { return endpoint_->shard(0); }
  server::PubSub& pubsub() { return *application_.pubsub; }

  /// On the worker, done when this returns.
  void run(const std::function<void()>& work) {
    std::promise<void> done;
    shard().post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

 private:
  Application application_;
  std::optional<server::Endpoint> endpoint_;
};

class Loopback final : private Served, public NetTarget {
 public:
  explicit Loopback(Application application) : Served(std::move(application)), NetTarget(Served::url()) {}

  std::shared_ptr<void> subscribe(std::string_view topic, std::function<void(TopicBroadcast)> told) override {
    auto heard = [this, told = std::move(told)](const server::Broadcast& b) {
      post([told, copy = TopicBroadcast{b.topic, b.event, b.payload.json()}] { told(copy); });
    };
    auto subscription = std::make_shared<std::unique_ptr<server::PubSub::Subscription>>();
    run([&] { *subscription = pubsub().subscribe(shard(), topic, heard); });
    return {subscription.get(), [this, subscription](void*) mutable { run([&] { subscription->reset(); }); }};
  }

  bool broadcast(std::string_view topic, std::string_view event, const Json& payload) override {
    run([&] { pubsub().broadcast(topic, event, payload); });
    return true;
  }

  bool send_info(std::string_view topic, const server::Info& message) override {
    run([&] {
      for (const server::SocketInfo& socket : server::list_sockets(pubsub(), shard()))
        for (const server::ChannelInfo& channel : socket.channels)
          if (channel.topic == topic) channel.channel.send(message);
    });
    return true;
  }
};

}  // namespace

std::unique_ptr<Target> loopback(Application application) { return std::make_unique<Loopback>(std::move(application)); }

}  // namespace phx::testing
