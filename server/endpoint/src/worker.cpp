#include "worker.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <system_error>

#include <boost/asio/post.hpp>

namespace phx::server {

namespace asio = boost::asio;

namespace {
Instant clock_now() noexcept { return std::chrono::steady_clock::now(); }
constexpr auto drain_check = std::chrono::milliseconds(10);
}  // namespace

Worker::Worker(std::size_t index, WorkerShared& shared)
    : shared_(shared),
      tls_(shared.tls),
      shard_(index,
             [this] {
               asio::post(context_, [this] {
                 begin_turn();
                 end_turn();
               });
             }),
      http_{shared.service, shard_, {}},
      poller_ready_(context_, poller_.fd()),
      timer_(context_),
      wheel_(clock_now()),
      buffer_(std::make_unique<char[]>(buffer_bytes)),
      now_(clock_now()) {
  shard_.set_clock(&clock_now);
}

Worker::~Worker() {
  join();
  poller_ready_.release();  // the poller closes its own descriptor
}

void Worker::start() {
  wait_ready();
  thread_ = std::thread([this] {
    const auto stay = asio::make_work_guard(context_);
    context_.run();
  });
}

void Worker::join() {
  if (!thread_.joinable()) return;
  asio::post(context_, [this] {
    begin_turn();
    shard_.shutdown_parts();
    while (!connections_.empty()) connections_.back()->cut(now_);
    end_turn();
    context_.stop();
  });
  thread_.join();
}

void Worker::begin_turn() {
  now_ = clock_now();
  shard_.set_now(now_);
  const auto second = std::time(nullptr);
  if (second == date_second_) return;
  date_second_ = second;
  std::tm utc{};
  ::gmtime_r(&second, &utc);
  std::array<char, 40> text;
  http_.date.assign(text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc));
}

/// Until the shard has nothing left to do and nobody anything left to say.
void Worker::end_turn() {
  do {
    do shard_.run();
    while (settle());
    flush();
  } while (!shard_.dirty().outboxes.empty());
  buried_.clear();
  if (on_empty_ && connections_.empty()) std::exchange(on_empty_, nullptr)();
  auto& stats = shard_.stats();
  ++stats.turns;
  if (stats.durations) stats.durations->turn.record(clock_now() - now_);
  arm_timer();
}

bool Worker::settle() {
  bool again = false;
  auto& dirty = shard_.dirty().outboxes;
  for (std::size_t i = 0; i < dirty.size(); ++i)  // grows meanwhile
    again |= static_cast<CarrierOutbox*>(dirty[i])->carrier().settle(now_);
  return again;
}

void Worker::flush() {
  flushing_.clear();
  std::swap(flushing_, shard_.dirty().outboxes);
  for (auto* outbox : flushing_) outbox->clean();
  const auto dead = buried_.size();
  for (auto* outbox : flushing_) static_cast<CarrierOutbox*>(outbox)->carrier().flush(now_);
  // A session that was cut may have told others; they are served in this turn too.
  if (buried_.size() != dead) shard_.run();
}

void Worker::wait_ready() {
  poller_ready_.async_wait(asio::posix::descriptor_base::wait_read, [this](boost::system::error_code ec) {
    if (!ec) on_ready();
  });
}

void Worker::on_ready() {
  begin_turn();
  for (const auto& event : poller_.ready()) static_cast<Connection*>(event.data.ptr)->on_ready(event.events, now_);
  end_turn();
  wait_ready();
}

void Worker::arm(DeadlineWheel::Node& node, std::optional<Instant> due) {
  if (due)
    wheel_.arm(node, *due);
  else
    wheel_.disarm(node);
}

/// A timer that fires too early does no harm, so it is only ever moved forward.
void Worker::arm_timer() {
  auto next = wheel_.next();
  if (const auto due = shard_.next_deadline(); due && (!next || *due < *next)) next = due;
  if (!next || (timer_at_ && *timer_at_ <= *next)) return;
  timer_at_ = next;
  timer_.expires_at(*next);
  timer_.async_wait([this](boost::system::error_code ec) {
    if (!ec) on_timer();
  });
}

void Worker::on_timer() {
  timer_at_.reset();
  begin_turn();
  wheel_.expire(now_, [this](DeadlineWheel::Node& node) { static_cast<Connection&>(node).on_deadline(now_); });
  end_turn();
}

void Worker::adopt(int fd, Conn::Peer peer) {
  shard_.post([this, fd, peer = std::move(peer)]() mutable {
    if (!closing_ && shared_.connections.load() < shared_.options.max_connections) return open(fd, std::move(peer));
    ++shard_.stats().connections_refused;
    ::close(fd);
  });
}

void Worker::open(int fd, Conn::Peer peer) {
  try {
    poller_.add(fd, EPOLLIN, nullptr);
  } catch (const std::system_error& e) {  // the kernel's limit of watches
    shared_.options.observer->log({Level::error, "connection refused", {}, e.what()});
    ::close(fd);
    return;
  }
  auto connection = std::make_unique<Connection>(*this, fd, std::move(peer), now_);
  connection->index = connections_.size();
  connections_.push_back(std::move(connection));
  ++shared_.connections;
  ++shard_.stats().connections.now;
  ++shard_.stats().connections.total;
}

/// The object stays until the end of the turn: an event or a dirty outbox may still point to it.
void Worker::bury(Connection& connection) {
  const auto at = connection.index;
  std::swap(connections_[at], connections_.back());
  connections_[at]->index = at;
  buried_.push_back(std::move(connections_.back()));
  connections_.pop_back();
  --shared_.connections;
  --shard_.stats().connections.now;
}

void Worker::drain(std::function<void()> done) {
  shard_.post([this, done = std::move(done)] {
    const Draining draining(nullptr, [done](void*) { done(); });  // when the last one lets go
    for (const Drainer& drainer : shared_.drainers) {
      shard_.drain_parts(drainer.handler);
      drain_batch(drainer, 1, draining, now_ + drainer.options.shutdown);
    }
  });
}

void Worker::drain_batch(const Drainer& drainer, std::size_t round, const Draining& draining, Instant until) {
  const auto& handler = *drainer.handler;
  const auto batch = drainer.options.batch_size;
  std::size_t drained = 0, total = 0;
  bool more = false;
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    auto& connection = *connections_[i];
    const auto* its = connection.core().handler();
    if (its == nullptr || its != &handler) continue;
    ++total;
    if (connection.draining) continue;
    more = drained == batch;
    if (more) continue;
    connection.draining = true;
    connection.drains = connection.core().drain(now_);
    drained += connection.drains ? 1 : 0;
  }
  const auto interval = drainer.options.batch_interval;
  if (drained > 0)
    shared_.options.observer->socket_drain({handler.name(), drained, total, round, total / batch + 1, interval, drainer.options.log});
  if (!more || now_ + interval >= until) return await_drained(drainer, draining, until);
  shard_.send_after(interval, [this, &drainer, round, draining, until] { drain_batch(drainer, round + 1, draining, until); });
}

/// Sessions that drain close themselves, at the latest when their channels have time for it.
void Worker::await_drained(const Drainer& drainer, const Draining& draining, Instant until) {
  const bool waiting = std::ranges::any_of(
      connections_, [&](const auto& c) { return c->drains && c->core().handler() == drainer.handler && c->core().is_open(); });
  if (!waiting || now_ >= until) return;
  shard_.send_after(drain_check, [this, &drainer, draining, until] { await_drained(drainer, draining, until); });
}

ShardStats Worker::gather() {
  ShardStats out = shard_.stats().copy();
  out.merged = shard_.dirty().merged;
  for (const auto& connection : connections_) {
    const std::uint64_t waiting = connection->queued();
    out.outbox_bytes += waiting;
    out.outbox_bytes_max = std::max(out.outbox_bytes_max, waiting);
  }
  return out;
}

void Worker::shutdown(std::function<void()> done) {
  shard_.post([this, done = std::move(done)]() mutable {
    closing_ = true;
    on_empty_ = std::move(done);
    shard_.shutdown_parts();
    for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->core().shutdown(now_);
  });
}

}  // namespace phx::server
