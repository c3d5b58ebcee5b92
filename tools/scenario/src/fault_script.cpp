#include <phx/scenario/fault_script.hpp>

#include <algorithm>
#include <utility>

namespace phx::scenario {

using namespace std::chrono_literals;

namespace {

FaultStep rule(Duration at, Fault fault, FaultMatch when = {}, std::optional<Duration> lasting = {}) {
  return {at, RuleStep{{std::move(when), std::move(fault)}, lasting}};
}

FaultSteps deploy() { return {{1s, CloseAll{1012, {}}}, rule(1s, RefuseUpgrade{503, {{"retry-after", "1"}}, "deploying"}, {}, 1500ms)}; }

FaultSteps flaky_mobile() {
  FaultSteps out{rule(0s, Delay{20ms, 180ms})};
  for (const Duration at : {1s, 3s, 5s}) out.push_back({at, CloseAll{1006, {}}});
  return out;
}

/// Also those that connect while it sleeps go silent: they are of the same laptop.
FaultSteps laptop_sleep() { return {{1s, SilenceAll{}}, {4s, CloseAll{1006, {}}}}; }

FaultSteps overload() {
  return {rule(1s, Delay{200ms, 600ms}, {.direction = Direction::to_client, .event = "phx_reply"}, 5s),
          rule(1s, NeverReply{}, {.direction = Direction::to_server, .probability = 0.2}, 5s),
          rule(1s, RefuseUpgrade{503, {{"retry-after", "1"}}, "overloaded"}, {.probability = 0.34}, 5s)};
}

FaultSteps half_open() { return {{1s, SilenceAll{}}}; }

}  // namespace

const std::vector<std::string_view>& fault_scenario_names() {
  static const std::vector<std::string_view> names{"deploy", "flaky-mobile", "laptop-sleep", "overload", "half-open"};
  return names;
}

std::optional<FaultSteps> fault_scenario(std::string_view name) {
  if (name == "deploy") return deploy();
  if (name == "flaky-mobile") return flaky_mobile();
  if (name == "laptop-sleep") return laptop_sleep();
  if (name == "overload") return overload();
  if (name == "half-open") return half_open();
  return std::nullopt;
}

void FaultScript::add(const FaultSteps& steps, Instant now) {
  for (const FaultStep& step : steps) std::visit([&](const auto& what) { insert({now + step.at, what}); }, step.what);
}

void FaultScript::insert(Due due) {
  const auto place = std::ranges::upper_bound(due_, due.at, {}, &Due::at);
  due_.insert(place, std::move(due));
}

void FaultScript::clear() {
  due_.clear();
  engine_->clear();
}

std::optional<Instant> FaultScript::next_deadline() const noexcept { return due_.empty() ? std::nullopt : std::optional(due_.front().at); }

void FaultScript::on_deadline(Instant now, std::vector<Action>& out) {
  while (!due_.empty() && due_.front().at <= now) {
    const Due due = std::move(due_.front());
    due_.erase(due_.begin());
    if (const auto* step = std::get_if<RuleStep>(&due.what)) {
      engine_->add(step->rule);
      if (step->lasting) insert({due.at + *step->lasting, Remove{step->rule}});
    } else if (const auto* gone = std::get_if<Remove>(&due.what)) {
      engine_->remove(gone->rule);
    } else if (const auto* close = std::get_if<CloseAll>(&due.what)) {
      out.emplace_back(*close);
    } else {
      out.emplace_back(SilenceAll{});
    }
  }
}

}  // namespace phx::scenario
