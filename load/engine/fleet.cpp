#include "engine/fleet.hpp"

#include <phx/core/json.hpp>

#include <utility>

#include "engine/reported_part.hpp"

namespace phx::load {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr Duration late_start = 200ms;
constexpr std::int64_t worst_clock_error_ns = 50'000'000;

double us(std::int64_t ns) { return static_cast<double>(ns) / 1000; }

}  // namespace

/// Another member, as the coordinator's watch sees it.
class Fleet::RemotePart final : public ReportedPart {
 public:
  RemotePart(Fleet& fleet, std::string name) : ReportedPart(std::move(name)), fleet_(fleet) {}
  void stop() override {
    fleet_.act([](FleetCore& core, FleetEffects& out) { core.stop(out); });
  }
  void finish() override {
    fleet_.act([](FleetCore& core, FleetEffects& out) { core.finish(out); });
  }

 private:
  void pump() override { fleet_.pump(Duration::zero()); }
  Fleet& fleet_;
};

Fleet::Fleet(const std::string& nats_url, const std::string& name, FleetOptions options)
    : name_(name), bus_(nats_url, name, options.id), core_(std::move(options), Clock::now()) {}

Fleet::~Fleet() = default;

bool Fleet::gather(Job& job, const Interrupted& interrupted) {
  while (!begin_) {
    if (interrupted()) {
      act([](FleetCore& core, FleetEffects& out) { core.interrupt(out); });
      bus_.flush();
      return false;
    }
    pump(10ms);
  }
  job.plan.segment = begin_->segment;
  job.run = begin_->run;
  job.start_ns = begin_->start_ns;
  job.clock_ahead_ns = begin_->offset.ns;
  const Duration late = Clock::now() + std::chrono::nanoseconds(job.clock_ahead_ns) - Instant(std::chrono::nanoseconds(job.start_ns));
  if (late > late_start)
    own_trouble_.push_back("segment " + std::to_string(job.plan.segment) + " of the fleet began " + std::to_string(late / 1ms) +
                           " ms late");
  return true;
}

RunOutcome Fleet::coordinate(const Job& job, const RunHooks& hooks) {
  PartGroup whole;
  whole.add(start_parts(job));
  remotes_.assign(core_.members().size(), nullptr);
  for (std::size_t i = 1; i < remotes_.size(); ++i) {
    auto part = std::make_unique<RemotePart>(*this, "member " + std::to_string(i + 1) + " of the fleet (" + core_.members()[i].host + ")");
    remotes_[i] = part.get();
    whole.add(std::move(part));
  }
  RunHooks all = hooks;
  all.interrupted = [&] { return hooks.interrupted() || interrupted_; };
  RunOutcome out = watch(job, all, whole);
  for (std::string& line : trouble()) out.part.generator.trouble.push_back(std::move(line));
  out.fleet = obj("name", name_, "members", members_json());
  remotes_.clear();
  return out;
}

void Fleet::end(int code, const std::string& result) {
  act([&](FleetCore& core, FleetEffects& out) { core.end(code, result, out); });
  bus_.flush();
}

FleetOver Fleet::follow(const Job& job, const Interrupted& interrupted) {
  const auto parts = start_parts(job);
  PartReporter reporter(*parts, job.watch_gates,
                        [this](const Json& line) { act([&](FleetCore& core, FleetEffects& out) { core.report(line.dump(), out); }); });
  bool told = false, reported = false;
  while (!over_) {
    if (!told && interrupted()) {
      told = true;
      act([](FleetCore& core, FleetEffects& out) { core.interrupt(out); });
    }
    pump(20ms);
    if (std::exchange(stop_, false)) parts->stop();
    if (std::exchange(finish_, false)) parts->finish();
    if (reported) continue;
    reporter.report();
    if (!parts->done()) continue;
    reported = true;
    reporter.result(own_trouble_);
  }
  return std::move(*over_);
}

void Fleet::pump(Duration patience) {
  FleetEffects effects;
  for (const auto& one : bus_.take(patience)) core_.on_message(one.text, one.at, Clock::now(), effects);
  const Instant now = Clock::now();
  if (const auto due = core_.next_deadline(); due && *due <= now) core_.on_deadline(now, effects);
  perform(effects);
}

template <class F>
void Fleet::act(F&& what) {
  FleetEffects effects;
  what(core_, effects);
  perform(effects);
}

void Fleet::perform(FleetEffects& effects) {
  for (FleetEffect& effect : effects) {
    if (const auto* send = std::get_if<FleetSend>(&effect)) {
      bus_.say(send->to, send->message);
    } else if (const auto* begin = std::get_if<FleetBegin>(&effect)) {
      begin_ = *begin;
    } else if (const auto* report = std::get_if<FleetReport>(&effect)) {
      if (report->segment <= remotes_.size() && remotes_[report->segment - 1] != nullptr)
        remotes_[report->segment - 1]->on_report(report->text);
    } else if (const auto* lost = std::get_if<FleetLost>(&effect)) {
      if (lost->segment <= remotes_.size() && remotes_[lost->segment - 1] != nullptr) remotes_[lost->segment - 1]->gone();
    } else if (auto* over = std::get_if<FleetOver>(&effect)) {
      over_ = std::move(*over);
    } else if (const auto* failed = std::get_if<FleetFailed>(&effect)) {
      throw FleetError(*failed);
    } else {
      stop_ = stop_ || std::holds_alternative<FleetStop>(effect);
      finish_ = finish_ || std::holds_alternative<FleetFinish>(effect);
      interrupted_ = interrupted_ || std::holds_alternative<FleetInterrupt>(effect);
    }
  }
}

Json Fleet::members_json() const {
  Json out = Json::array();
  for (std::size_t i = 0; i < core_.members().size(); ++i) {
    const auto& m = core_.members()[i];
    out.push_back(obj("segment", i + 1, "host", m.host, "clock_offset_us", us(m.at_start.ns), "clock_error_us", us(m.at_start.error_ns),
                      "clock_drift_us", us(m.now.ns - m.at_start.ns), "died", m.lost, "reports_lost", m.pieces.missed()));
  }
  return out;
}

std::vector<std::string> Fleet::trouble() const {
  std::vector<std::string> out = own_trouble_;
  for (const auto& m : core_.members()) {
    if (m.pieces.missed() > 0) out.push_back(std::to_string(m.pieces.missed()) + " reports of member " + m.host + " were lost on the way");
    if (m.at_start.error_ns > worst_clock_error_ns)
      out.push_back("the clock of member " + m.host + " is known to " + std::to_string(m.at_start.error_ns / 1'000'000) +
                    " ms only: latencies between members are no better");
  }
  return out;
}

}  // namespace phx::load
