#include <phx/server/shard.hpp>

#include <deque>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include <phx/core/ws/deflate.hpp>
#include <phx/core/ws/frame.hpp>
#include <phx/server/shard_thread.hpp>

namespace phx::server {

namespace {

thread_local const Shard* current_shard = nullptr;

/// A slow reader pins whole chunks, so chunks of single frames stay small.
constexpr std::size_t frame_chunk_limit = 16 * 1024;

/// Steps of one run(); a channel that keeps sending to itself then gives the sockets their turn.
constexpr int steps_per_run = 100'000;

}  // namespace

struct Shard::Impl {
  std::size_t index;
  std::function<void()> wake;
  Instant now{};
  DirtyList dirty;
  ChunkRef frames = ChunkRef::make();
  core::ws::DeflateContext deflate;
  BlockingExecutor* executor = nullptr;
  std::vector<std::function<void()>> turn_end;
  std::map<const void*, std::unique_ptr<ShardPart>> parts;

  std::mutex inbox_mutex;  // guards inbox only
  std::vector<std::function<void()>> inbox;
  std::deque<std::function<void()>> deferred;

  TimerId last_timer = 0;
  std::map<std::pair<Instant, TimerId>, std::function<void()>> timers;
  std::map<TimerId, Instant> due;  // when a timer that can still be cancelled fires

  std::vector<std::function<void()>> take_inbox() {
    const std::lock_guard lock(inbox_mutex);
    return std::exchange(inbox, {});
  }
  bool run_deferred() {
    if (deferred.empty()) return false;
    const auto work = std::move(deferred.front());
    deferred.pop_front();
    work();
    return true;
  }
  /// The posts go behind what is already queued.
  bool accept_inbox() {
    auto work = take_inbox();
    for (auto& item : work) deferred.push_back(std::move(item));
    return !work.empty();
  }
  bool run_timer() {
    if (timers.empty() || timers.begin()->first.first > now) return false;
    const auto node = timers.extract(timers.begin());
    due.erase(node.key().second);
    node.mapped()();
    return true;
  }
};

Shard::Shard(std::size_t index, std::function<void()> wake) : impl_(std::make_unique<Impl>()) {
  impl_->index = index;
  impl_->wake = std::move(wake);
}

Shard::~Shard() {
  // What never ran may own channels, whose ends may defer: until nothing is left.
  const Entered here(*this);
  std::exchange(impl_->parts, {});
  while (!impl_->deferred.empty() || !impl_->timers.empty() || !impl_->inbox.empty()) {
    std::exchange(impl_->deferred, {});
    std::exchange(impl_->timers, {});
    impl_->take_inbox();
  }
}

std::size_t Shard::index() const noexcept { return impl_->index; }
Instant Shard::now() const noexcept { return impl_->now; }
void Shard::set_now(Instant now) noexcept { impl_->now = now; }

void Shard::measure() {
  if (!stats_.durations) stats_.durations = std::make_unique<ShardDurations>();
}

void Shard::post(std::function<void()> work) {
  bool was_empty = false;
  {
    const std::lock_guard lock(impl_->inbox_mutex);
    was_empty = impl_->inbox.empty();
    impl_->inbox.push_back(std::move(work));
  }
  if (was_empty && impl_->wake) impl_->wake();
}

void Shard::defer(std::function<void()> work) { impl_->deferred.push_back(std::move(work)); }

void Shard::run() {
  const Entered here(*this);
  int steps = 0;
  while (++steps < steps_per_run && (impl_->run_deferred() || impl_->accept_inbox() || impl_->run_timer())) continue;
  for (const auto& hook : impl_->turn_end) hook();
  if (steps == steps_per_run && impl_->wake) impl_->wake();
}

Shard::TimerId Shard::send_after(Duration delay, std::function<void()> work) {
  const TimerId id = ++impl_->last_timer;
  const Instant at = impl_->now + delay;
  impl_->timers.emplace(std::pair(at, id), std::move(work));
  impl_->due.emplace(id, at);
  return id;
}

void Shard::cancel(TimerId timer) {
  const auto found = impl_->due.find(timer);
  if (found == impl_->due.end()) return;
  impl_->timers.erase({found->second, timer});
  impl_->due.erase(found);
}

std::optional<Instant> Shard::next_deadline() const noexcept {
  if (impl_->timers.empty()) return std::nullopt;
  return impl_->timers.begin()->first.first;
}

DirtyList& Shard::dirty() noexcept { return impl_->dirty; }

bool Shard::is_current() const noexcept { return current_shard == this; }

Shard::Entered::Entered(const Shard& shard) noexcept : outer_(std::exchange(current_shard, &shard)) {}
Shard::Entered::~Entered() { current_shard = outer_; }

bool on_shard_thread() noexcept { return current_shard != nullptr; }

OffShard::OffShard() noexcept : shard_(std::exchange(current_shard, nullptr)) {}
OffShard::~OffShard() { current_shard = shard_; }

void Shard::set_blocking_executor(BlockingExecutor* executor) noexcept { impl_->executor = executor; }
BlockingExecutor* Shard::blocking_executor() const noexcept { return impl_->executor; }

core::ws::DeflateContext& Shard::deflate() noexcept { return impl_->deflate; }

void Shard::write_frame(Outbox& outbox, core::Opcode opcode, std::string_view body, bool ahead) {
  auto& frames = impl_->frames;
  ++stats_.messages_out;
  if (frames->bytes.size() > frame_chunk_limit)
    frames = ChunkRef::make();
  else if (frames->refs == 1)
    frames->bytes.clear();  // nobody waits for it any more
  const auto begin = static_cast<std::uint32_t>(frames->bytes.size());
  core::ws::PerMessageDeflate* const deflate = outbox.deflate();
  const std::string_view payload = deflate ? deflate->deflate(body) : body;
  core::ws::append_frame(frames->bytes, static_cast<core::ws::FrameOp>(opcode), payload, {}, true, deflate != nullptr);
  const auto end = static_cast<std::uint32_t>(frames->bytes.size());
  if (ahead)
    outbox.push_ahead(frames, begin, end);
  else
    outbox.push(frames, begin, end);
}

void Shard::at_turn_end(std::function<void()> hook) { impl_->turn_end.push_back(std::move(hook)); }

ShardPart& Shard::part(const void* key, const std::function<std::unique_ptr<ShardPart>()>& make) {
  auto& part = impl_->parts[key];
  if (!part) part = make();
  return *part;
}

void Shard::drain_parts(const TransportHandler* of) {
  const Entered here(*this);
  for (const auto& [key, part] : impl_->parts) part->drain(of);
}

void Shard::shutdown_parts() {
  const Entered here(*this);
  for (const auto& [key, part] : impl_->parts) part->shutdown();
}

}  // namespace phx::server
