#include "engine/shard.hpp"

#include <phx/load/scenario_swarm.hpp>
#include <phx/load/swarm.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <utility>

namespace phx::load {

using namespace std::chrono_literals;

double thread_cpu_seconds() noexcept {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

std::uint64_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  in >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

namespace {

std::int64_t unix_ms_at(Instant then, RunClock clock) {
  const auto wall = std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::system_clock::duration>(then - clock.now());
  return std::chrono::duration_cast<std::chrono::milliseconds>(wall.time_since_epoch()).count();
}

std::unique_ptr<Crowd> make_crowd(SwarmJob job, Wire& wire) {
  if (job.plan.scenario) return std::make_unique<ScenarioSwarm>(std::move(job), wire);
  return std::make_unique<Swarm>(std::move(job), wire);
}

}  // namespace

Shard::Shard(const Job& job, std::uint32_t thread, const Endpoints& endpoints, const core::TlsContext* tls)
    : job_(job), thread_(thread), clock_{std::chrono::nanoseconds(job.clock_ahead_ns)}, wire_(endpoints, tls, clock_), runner_([this] {
        run();
      }) {}

Shard::~Shard() {
  command(Command::finish);
  runner_.join();
}

void Shard::command(Command command) {
  command_ = std::max(command_.load(), command);
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wire_.wake_fd(), &one, sizeof one);  // a full counter wakes as well
}

void Shard::run() {
  try {
    SwarmJob swarm_job{.plan = job_.plan,
                       .url = job_.url,
                       .run = job_.run,
                       .part = job_.part(thread_),
                       .parts = job_.parts(),
                       .start = Instant(std::chrono::nanoseconds(job_.start_ns))};
    swarm_job.unix_ms = unix_ms_at(swarm_job.start, clock_);
    const auto swarm = make_crowd(std::move(swarm_job), wire_);
    loop(*swarm);
    close_books(*swarm, clock_.now());
  } catch (const std::exception& e) {
    const std::lock_guard lock(mutex_);
    part_.generator.trouble.push_back(std::string("a shard failed: ") + e.what());
  }
  stopped_ = drained_ = done_ = true;
}

void Shard::loop(Crowd& swarm) {
  const Instant start(std::chrono::nanoseconds(job_.start_ns));
  std::uint32_t second = 0;
  while (command_ != Command::finish) {
    Instant now = clock_.now();
    if (now < start) {
      wire_.wait(swarm, start);
      continue;
    }
    if (command_ == Command::stop) swarm.stop(now);
    swarm.on_deadline(now);
    stopped_ = swarm.stopped();
    drained_ = swarm.drained(now);
    if (now >= start + (second + 1) * 1s) tick(swarm, second++);
    Instant until = start + (second + 1) * 1s;
    if (const auto next = swarm.next_deadline()) until = std::min(until, *next);
    if (swarm.stopped()) until = std::min(until, now + 50ms);
    wire_.wait(swarm, until);
  }
  tick(swarm, second);
}

void Shard::tick(Crowd& swarm, std::uint32_t second) {
  Second row = swarm.take_second();
  row.t = second;
  row.backlog_bytes = wire_.backlog();
  const double cpu = thread_cpu_seconds();
  row.cpu = cpu - std::exchange(cpu_before_, cpu);
  const std::lock_guard lock(mutex_);
  seconds_[second].merge(row);
  if (!job_.watch_gates) return;
  so_far_ = Stats();
  for (const Stats& s : swarm.stages()) so_far_.merge(s);
}

void Shard::close_books(Crowd& swarm, Instant now) {
  RunPart part;
  part.generator.resident_bytes = thread_ == 0 ? resident_bytes() : 0;  // with the connections still there
  swarm.finish(now);
  part.stages = swarm.stages();
  part.ledger = std::move(swarm.ledger());
  part.users = swarm.users();
  part.refusal = swarm.first_refusal();
  Generator& g = part.generator;
  g.cpu_seconds = thread_cpu_seconds();
  const double ran = std::chrono::duration<double>(now.time_since_epoch() - std::chrono::nanoseconds(job_.start_ns)).count();
  g.busiest_thread = ran > 0.5 ? g.cpu_seconds / ran : 0;
  g.retransmits = wire_.retransmits();
  g.descriptors = wire_.descriptors();
  g.descriptor_limit = descriptor_limit();
  g.backlog_max_bytes = wire_.most_backlog();
  g.threads = 1;
  g.processes = thread_ == 0 ? 1 : 0;
  const std::lock_guard lock(mutex_);
  part_ = std::move(part);
}

void Shard::take_seconds(Series& into) {
  const std::lock_guard lock(mutex_);
  merge_series(into, seconds_);
  seconds_.clear();
}

Stats Shard::so_far() {
  const std::lock_guard lock(mutex_);
  return so_far_;
}

RunPart Shard::result() {
  const std::lock_guard lock(mutex_);
  return std::move(part_);
}

}  // namespace phx::load
