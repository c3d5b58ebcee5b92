#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/scenario/scenario_core.hpp>

namespace phx::scenario {

struct ActorReport {
  std::string name;
  std::vector<TimelineEntry> timeline;
};

/// What became of one scenario. A value.
struct ScenarioReport {
  std::string file = {}, name = {};
  std::vector<std::string> tags = {};
  std::optional<Failure> failure = {};
  Instant began{}, end{};
  std::uint32_t attempts = 1;  ///< more than one: it failed before
  std::vector<ActorReport> actors = {};
  std::string capture = {};  ///< the file with what passed, when it failed; empty: none

  /// Values of keys like token and password are masked in what was sent and received.
  static ScenarioReport of(const ScenarioCore& run, std::uint32_t attempts);
  double seconds() const;
};

struct TestReport {
  std::vector<ScenarioReport> scenarios = {};
  std::uint64_t seed = 1;
  double seconds = 0;
  std::size_t skipped = 0;  ///< by --tag and --exclude
  std::size_t failed() const;
};

struct Style {
  bool colour = false;
};
/// One line for a pass; for a failure the line of the file, the differences and the actor's mailbox in order, with times.
std::string terminal_text(const ScenarioReport& report, const Style& style);
/// "3 passed, 1 failed, 0 skipped in 1.2 s (seed 7)"
std::string summary_text(const TestReport& report);
/// {"scenario","file","status","seconds","attempts","failure":{...},"capture"}
Json to_json(const ScenarioReport& report);
std::string junit_xml(const TestReport& report);
std::string tap_text(const TestReport& report);
/// One file without network access: a timeline per actor; dark and light.
std::string html_page(const TestReport& report);

}  // namespace phx::scenario
