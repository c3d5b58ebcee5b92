#include "engine/run.hpp"

#include <phx/core/json.hpp>
#include <phx/core/tls.hpp>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "engine/shard.hpp"
#include "engine/worker_process.hpp"

namespace phx::load {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::uint64_t spare_descriptors = 200;

/// The first gate that says to abort and fails, once its grace is over.
std::optional<std::string> broken_gate(const Plan& plan, const std::vector<std::pair<GateSpec, Gate>>& gates, const Stats& total,
                                       Duration ran) {
  const Json so_far = figures(
      total, {}, {.planned = plan.peak_users(), .connected = total[Counter::connects], .joined = total[Counter::joins], .failed = 0},
      seconds(ran));
  for (const auto& [spec, gate] : gates) {
    if (ran < spec.grace) continue;
    const GateResult result = gate.evaluate(so_far);
    if (!result.pass && !result.value.is_null()) return spec.expr;  // nothing measured yet is no failure yet
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<PartGroup> start_parts(const Job& job) {
  if (job.processes == 1) return std::make_unique<LocalParts>(job);
  resolve(job.url, job.connect_to, job.sources, job.plan.peak_connections());  // told once, here, and not as children that died
  auto parts = std::make_unique<PartGroup>();
  for (std::uint32_t p = 0; p < job.processes; ++p) {
    Job child = job;
    child.process = p;
    parts->add(std::make_unique<WorkerProcess>(child));
  }
  return parts;
}

LocalParts::LocalParts(Job job) : job_(std::move(job)) {
  descriptor_limit();
  endpoints_ = resolve(job_.url, job_.connect_to, job_.sources, job_.plan.peak_connections());
  if (endpoints_.secure) {
    auto context = core::TlsContext::client({.verify = !job_.insecure, .ca_file = job_.ca_file});
    if (!context) throw std::invalid_argument("--ca-file: " + context.error().detail);
    tls_ = std::make_unique<core::TlsContext>(std::move(*context));
  }
  for (std::uint32_t t = 0; t < job_.threads; ++t) add(std::make_unique<Shard>(job_, t, endpoints_, tls_.get()));
}

LocalParts::~LocalParts() { clear(); }  // the shards borrow the rest

namespace {

/// Watches the parts until their books may be closed: stopped and drained, or told to, or out of patience.
class Watch {
 public:
  Watch(const Job& job, const RunHooks& hooks, Part& whole) : job_(job), hooks_(hooks), whole_(whole) {
    for (const GateSpec& spec : job.plan.gates)
      if (spec.abort) gates_.emplace_back(spec, Gate::parse(spec.expr).value());
  }

  RunOutcome run() {
    while (!over()) {
      if (!out_.interrupted && hooks_.interrupted()) {
        out_.interrupted = true;
        whole_.stop();
      }
      look();
    }
    out_.seconds = std::min(ran(), seconds(stop_at_.value_or(Clock::now()) - start_));
    whole_.finish();
    while (!whole_.done()) {
      look();
      std::this_thread::sleep_for(5ms);
    }
    whole_.take_seconds(latest_);
    merge_series(series_, latest_);
    if (!series_.empty()) hooks_.on_second(series_);
    out_.part = whole_.result();
    merge_series(out_.part.series, series_);
    return std::move(out_);
  }

 private:
  double ran() const { return seconds(Clock::now() - start_); }

  void look() {
    whole_.take_seconds(latest_);
    if (latest_.size() < 2) return;  // a second is complete when the next one has begun
    const std::size_t before = series_.size();
    while (latest_.size() > 1) {
      const auto second = latest_.extract(latest_.begin());
      series_[second.key()].merge(second.mapped());
    }
    if (series_.size() == before) return;
    hooks_.on_second(series_);
    if (gates_.empty() || out_.aborted_by || stop_at_) return;
    out_.aborted_by = broken_gate(job_.plan, gates_, whole_.so_far(), Clock::now() - start_);
    if (out_.aborted_by) whole_.stop();
  }

  bool over() {
    if (whole_.done()) return true;
    if (!stop_at_ && whole_.stopped()) stop_at_ = Clock::now();
    if (!stop_at_) return false;
    return whole_.drained() || Clock::now() > *stop_at_ + (out_.interrupted ? std::min<Duration>(1s, job_.plan.drain) : job_.plan.drain);
  }

  const Job& job_;
  const RunHooks& hooks_;
  Part& whole_;
  std::vector<std::pair<GateSpec, Gate>> gates_;
  Instant start_{std::chrono::nanoseconds(job_.start_ns)};
  std::optional<Instant> stop_at_;
  Series series_, latest_;  // complete seconds, and those of which more may come
  RunOutcome out_;
};

}  // namespace

RunOutcome watch(const Job& job, const RunHooks& hooks, Part& whole) { return Watch(job, hooks, whole).run(); }

RunOutcome run(const Job& job, const RunHooks& hooks) {
  const auto parts = start_parts(job);
  return watch(job, hooks, *parts);
}

void choose_processes(Job& job, std::uint32_t processes, std::uint32_t threads) {
  const std::uint64_t limit = descriptor_limit();
  const std::uint64_t wanted = job.plan.peak_connections() / job.plan.segments + 1;
  const std::uint64_t each = limit > spare_descriptors * 2 ? limit - spare_descriptors : limit / 2;
  job.processes = processes != 0 ? processes : static_cast<std::uint32_t>((wanted + each - 1) / each);
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  job.threads = threads != 0 ? threads : wanted < 2000 || job.processes > 1 ? 1 : std::min(cores, 4u);
}

}  // namespace phx::load
