#include <phx/client/socket.hpp>

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <phx/client/detail/start.hpp>
#include <phx/core/ws/handshake.hpp>
#include <phx/net/url.hpp>

#include "channel_shared.hpp"
#include "session.hpp"
#include "socket_shared.hpp"

namespace phx::client {

namespace detail {

namespace {

/// Runs `done` as a callback when it has no executor of its own.
template <class... Args>
MoveFunction<void(Args...)> placed(const std::shared_ptr<CallbackQueue>& queue, MoveFunction<void(Args...)> done, RunOn where) {
  if (where == RunOn::own_executor) return done;
  return [queue, done = std::move(done)](Args... args) mutable {
    queue->enqueue([&queue = *queue, done = std::move(done), ... held = std::move(args)]() mutable {
      queue.guarded([&] { done(std::move(held)...); });
    });
  };
}

}  // namespace

void start_ping(const std::shared_ptr<SocketShared>& socket, const std::shared_ptr<Once<Duration>>& request,
                MoveFunction<void(std::error_code, Duration)> done, RunOn where) {
  request->done = placed(socket->queue, std::move(done), where);
  if (socket->pending->refuses()) return (*request)(Errc::queue_full, {});
  const bool posted = socket->inbox.post([request, pending = Backlog::Item(socket->pending, 0)](Session& session) {
    session.ping([request](Result<Duration> rtt) { (*request)(rtt ? std::error_code() : rtt.error(), rtt.value_or(Duration{})); });
  });
  if (!posted) (*request)(Errc::cancelled, {});
}

void start_disconnect(const std::shared_ptr<SocketShared>& socket, CloseOptions options, const std::shared_ptr<Once<>>& request,
                      MoveFunction<void(std::error_code)> done, RunOn where) {
  request->done = placed(socket->queue, std::move(done), where);
  const bool posted = socket->inbox.post([request, options = std::move(options)](Session& session) {
    session.disconnect(options, [request](std::error_code error) { (*request)(error); });
  });
  if (!posted) (*request)(Errc::cancelled);
}

namespace {

std::optional<net::ProxyOptions> proxy_of(const SocketOptions& options, const net::Url& url) {
  std::string why;
  auto proxy = !options.proxy.empty()           ? net::parse_proxy(options.proxy, why)
               : options.proxy_from_environment ? net::proxy_from_environment(
                                                      url, [](const char* name) { return std::getenv(name); }, why)
                                                : std::nullopt;
  if (!why.empty()) throw std::invalid_argument("phx::Socket: proxy: " + why);
  return proxy;
}

std::shared_ptr<SocketShared> make_shared_part(std::string url, SocketOptions options, const Runtime& runtime) {
  const auto parsed = net::parse_url(url);
  if (!parsed) throw std::invalid_argument("phx::Socket: '" + url + "' is not a URL like ws://host:port/socket");
  if (!options.headers.dynamic())  // refuses headers that cannot be sent, here where the caller can see it
    core::ws::ClientHandshake({.host = "host", .target = "/", .subprotocols = {}, .headers = options.headers.get(), .offer_deflate = false},
                              {});
  auto proxy = proxy_of(options, *parsed);
  const int per_turn = options.callback_executor ? Runtime::usual_callbacks_per_turn : runtime.callbacks_per_turn();
  Executor callbacks = options.callback_executor ? options.callback_executor : runtime.callbacks();
  options.runtime.reset();
  return std::make_shared<SocketShared>(std::move(url), std::move(options), std::move(proxy), std::move(callbacks), per_turn);
}

}  // namespace
}  // namespace detail

Socket::Socket(std::string url, SocketOptions options)
    : runtime_(options.runtime ? options.runtime : Runtime::create()),
      shared_(detail::make_shared_part(std::move(url), std::move(options), *runtime_)) {
  shared_->inbox.open(std::make_shared<detail::Session>(runtime_->io(), shared_));
}

Socket::~Socket() {
  shared_->inbox.close();  // first: a callback that waits for a future must get its answer, or nobody could wait for the callback
  shared_->queue->stop();
}

void Socket::connect() {
  shared_->inbox.post([](detail::Session& session) { session.connect(); });
}

std::future<void> Socket::disconnect(CloseOptions options) {
  std::promise<void> promise;
  auto future = promise.get_future();
  detail::start_disconnect(
      shared_, std::move(options), std::make_shared<detail::Once<>>(),
      [promise = std::move(promise)](std::error_code) mutable { promise.set_value(); }, detail::RunOn::own_executor);
  return future;
}

SocketState Socket::state() const noexcept { return shared_->state; }

core::TransportKind Socket::transport() const noexcept { return shared_->transport; }

Channel Socket::channel(std::string topic, Provider<Payload> params, ChannelOptions options) {
  if (topic.empty()) throw std::invalid_argument("phx::Socket: a channel needs a topic");
  if (!params.dynamic() && params.get().is_binary()) throw std::invalid_argument("phx::Socket: join params are JSON, not bytes");
  auto channel = std::make_shared<detail::ChannelShared>(shared_, std::move(topic), std::move(params), options);
  shared_->inbox.post([channel](detail::Session& session) { session.add(channel); });
  return Channel(std::move(channel));
}

Subscription Socket::on_open(std::function<void()> handler) { return shared_->opens.add(shared_->queue, nullptr, {}, std::move(handler)); }

Subscription Socket::on_close(std::function<void(const ConnectionClosed&)> handler) {
  return shared_->closes.add(shared_->queue, nullptr, {}, std::move(handler));
}

Subscription Socket::on_error(std::function<void(const ConnectionError&)> handler) {
  return shared_->errors.add(shared_->queue, nullptr, {}, std::move(handler));
}

Subscription Socket::on_reconnecting(std::function<void(const Reconnecting&)> handler) {
  return shared_->reconnects.add(shared_->queue, nullptr, {}, std::move(handler));
}

Subscription Socket::on_message(std::function<void(const Message&)> handler) {
  return shared_->messages.add(shared_->queue, nullptr, {}, std::move(handler));
}

Metrics Socket::metrics() const {
  auto metrics = shared_->monitor.snapshot();
  metrics.refused_pushes = shared_->pending->refused();
  metrics.waiting_callbacks = shared_->queue->depth();
  return metrics;
}

std::future<Result<Duration>> Socket::ping() {
  std::promise<Result<Duration>> promise;
  auto future = promise.get_future();
  detail::start_ping(
      shared_, std::make_shared<detail::Once<Duration>>(),
      [promise = std::move(promise)](std::error_code error, Duration rtt) mutable {
        promise.set_value(error ? Result<Duration>(tl::unexpected(error)) : Result<Duration>(rtt));
      },
      detail::RunOn::own_executor);
  return future;
}

void Socket::suspend(SuspendOptions options) {
  shared_->inbox.post([options](detail::Session& session) { session.suspend(options); });
}

void Socket::resume() {
  shared_->inbox.post([](detail::Session& session) { session.resume(); });
}

void Socket::network_changed() {
  shared_->inbox.post([](detail::Session& session) { session.network_changed(); });
}

}  // namespace phx::client
