#include <phx/server/endpoint.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <phx/server/pubsub.hpp>

#include "acceptor.hpp"
#include "worker.hpp"

namespace phx::server {

namespace {

/// The threads behind co_await socket.blocking(f).
class BlockingPool final : public BlockingExecutor {
 public:
  BlockingPool(std::size_t threads, std::size_t max_queued) : max_queued_(max_queued), pool_(threads) {}
  /// Work outlives the connection that wanted it, so that connections alone do not bound it. HttpError 503 when the queue is full.
  void submit(std::function<void()> work) override {
    if (queued_.fetch_add(1) >= max_queued_) {
      --queued_;
      throw HttpError(503, "too busy: more than " + std::to_string(max_queued_) + " pieces of blocking work wait");
    }
    boost::asio::post(pool_, [this, run = std::move(work)] {
      --queued_;
      run();
    });
  }
  std::size_t queued() const noexcept { return queued_; }
  void join() { pool_.join(); }

 private:
  std::size_t max_queued_;
  std::atomic<std::size_t> queued_{0};
  boost::asio::thread_pool pool_;
};

bool uses_tls(const EndpointOptions& options) { return !options.tls.cert_file.empty() || !options.tls.key_file.empty(); }

std::optional<core::TlsContext> make_tls(const EndpointOptions& options) {
  if (!uses_tls(options)) return std::nullopt;
  auto context = core::TlsContext::server(options.tls);
  if (!context) throw std::invalid_argument("TLS: " + context.error().detail);
  return std::move(*context);
}

HttpService make_service(EndpointOptions& options) {
  if (options.http.errors.formats.empty()) throw std::invalid_argument("HttpOptions::errors: no format for error pages");
  HttpService service{options.http, {}, 1, options.observer};
  service.options.secure = uses_tls(options);
  SocketDefaults defaults{options.url_host, options.check_origin};
  if (options.pubsub) defaults.pubsub_name = options.pubsub->name();
  defaults.keys = options.keys;
  defaults.observer = options.observer;
  service.plugs.push_back(socket_plug(options.sockets, std::move(defaults)));
  for (auto& plug : options.plugs) service.plugs.push_back(plug);
  return service;
}

/// One per handler, as its last mount wants it.
std::vector<Drainer> make_drainers(const EndpointOptions& options, std::size_t workers) {
  std::map<const TransportHandler*, DrainOptions> wanted;
  for (const auto& mount : options.sockets) wanted[mount.handler.get()] = mount.drain.value_or(options.drain);
  std::vector<Drainer> out;
  for (const auto& [handler, drain] : wanted) {
    if (!drain.enabled) continue;
    out.push_back({handler, drain});
    out.back().options.batch_size = std::max<std::size_t>(1, drain.batch_size / workers);
  }
  return out;
}

std::size_t worker_count(const EndpointOptions& options) {
  return options.workers > 0 ? options.workers : std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

struct Endpoint::Impl {
  explicit Impl(EndpointOptions given)
      : options(std::move(given)),
        service(make_service(options)),
        shared{options, service, make_tls(options), make_drainers(options, worker_count(options))},
        pool(std::max<std::size_t>(1, options.blocking_threads), std::max<std::size_t>(1, options.max_blocking_queue)) {
    for (std::size_t i = 0; i < worker_count(options); ++i) {
      workers.push_back(std::make_unique<Worker>(i, shared));
      workers.back()->shard().set_blocking_executor(&pool);
      if (options.pubsub) options.pubsub->attach(workers.back()->shard());
    }
  }

  PubSub& pubsub() const {
    if (!options.pubsub) throw std::logic_error("Endpoint: no PubSub is configured (EndpointOptions::pubsub)");
    return *options.pubsub;
  }

  void accepted(int fd, Conn::Peer peer) { workers[next_worker++ % workers.size()]->adopt(fd, std::move(peer)); }

  /// Runs `step(worker, done)` on all workers and waits until each has called done.
  template <class F>
  bool everywhere(Duration limit, F&& step) {
    auto left = std::make_shared<std::atomic<std::size_t>>(workers.size());
    auto promise = std::make_shared<std::promise<void>>();
    auto all = promise->get_future();
    for (auto& worker : workers)
      step(*worker, [left, promise] {
        if (--*left == 0) promise->set_value();
      });
    return all.wait_for(limit) == std::future_status::ready;
  }

  void stop() {
    Duration longest{};
    for (const auto& drainer : shared.drainers) longest = std::max(longest, drainer.options.shutdown);
    const auto slack = std::chrono::seconds(1);
    everywhere(longest + slack, [](Worker& w, auto done) { w.drain(done); });
    everywhere(options.drain.shutdown, [&](Worker& w, auto done) {
      if (&w == workers.front().get()) boost::asio::post(w.context(), [this] { acceptor->close(); });
      w.shutdown(done);
    });
    pool.join();  // its work comes back to the shards
    for (auto& worker : workers) worker->join();
  }

  EndpointOptions options;
  HttpService service;
  WorkerShared shared;
  BlockingPool pool;
  std::vector<std::unique_ptr<Worker>> workers;
  std::unique_ptr<Acceptor> acceptor;  // on the first worker
  std::size_t next_worker = 0;         // used by the acceptor only
  bool started = false;
};

Endpoint::Endpoint(EndpointOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Endpoint::~Endpoint() { stop(); }

Result<void> Endpoint::start() {
  auto& impl = *impl_;
  if (impl.acceptor) throw std::logic_error("Endpoint::start: an endpoint starts once");
  impl.acceptor = std::make_unique<Acceptor>(impl.workers.front()->context(), *impl.options.observer,
                                             [&impl](int fd, Conn::Peer peer) { impl.accepted(fd, std::move(peer)); });
  if (const auto error = impl.acceptor->listen(impl.options.host, impl.options.port)) return tl::unexpected(error);
  for (auto& worker : impl.workers) worker->start();
  impl.started = true;
  return {};
}

std::uint16_t Endpoint::port() const noexcept { return impl_->acceptor ? impl_->acceptor->port() : std::uint16_t{0}; }

void Endpoint::stop() {
  if (std::exchange(impl_->started, false)) impl_->stop();
}

core::TlsResult<void> Endpoint::reload_tls(const core::TlsServerOptions& tls) {
  if (!impl_->shared.tls) throw std::logic_error("Endpoint::reload_tls: this endpoint has no TLS");
  auto context = core::TlsContext::server(tls);
  if (!context) return tl::unexpected(context.error());
  for (auto& worker : impl_->workers) worker->shard().post([worker = worker.get(), renewed = *context] { worker->use(renewed); });
  return {};
}

std::error_code Endpoint::broadcast(std::string_view topic, std::string_view event, const Payload& payload) {
  return impl_->pubsub().broadcast(topic, event, payload);
}

std::error_code Endpoint::broadcast_from(const Subscriber& from, std::string_view topic, std::string_view event, const Payload& payload) {
  return impl_->pubsub().broadcast_from(from, topic, event, payload);
}

void Endpoint::local_broadcast(std::string_view topic, std::string_view event, const Payload& payload) {
  impl_->pubsub().local_broadcast(topic, event, payload);
}

void Endpoint::local_broadcast_from(const Subscriber& from, std::string_view topic, std::string_view event, const Payload& payload) {
  impl_->pubsub().local_broadcast_from(from, topic, event, payload);
}

std::unique_ptr<PubSub::Subscription> Endpoint::subscribe(Shard& shard, std::string_view topic,
                                                          std::function<void(const Broadcast&)> told) {
  return impl_->pubsub().subscribe(shard, topic, std::move(told));
}

std::size_t Endpoint::workers() const noexcept { return impl_->workers.size(); }
void Endpoint::measure() {
  for (auto& worker : impl_->workers) worker->shard().measure();
}

void Endpoint::gather(std::function<void(EndpointStats)> told) {
  struct Sum {
    std::mutex mutex;  // guards stats and left
    EndpointStats stats;
    std::size_t left;
    std::function<void(EndpointStats)> told;
  };
  auto sum = std::make_shared<Sum>();
  sum->left = impl_->workers.size();
  sum->stats.workers = sum->left;
  sum->stats.pool_queued = impl_->pool.queued();
  sum->told = std::move(told);
  for (auto& worker : impl_->workers)
    worker->shard().post([sum, worker = worker.get()] {
      const auto part = worker->gather();
      {
        const std::lock_guard lock(sum->mutex);
        sum->stats.merge(part);
        if (--sum->left > 0) return;
      }
      sum->told(std::move(sum->stats));
    });
}

Shard& Endpoint::shard(std::size_t index) noexcept { return impl_->workers.at(index)->shard(); }

}  // namespace phx::server
