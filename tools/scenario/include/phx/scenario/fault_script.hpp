#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/scenario/fault_engine.hpp>

#include <tl/expected.hpp>

namespace phx::scenario {

/// A rule that holds from a time on, for a while or for ever.
struct RuleStep {
  FaultRule rule;
  std::optional<Duration> lasting = {};
  bool operator==(const RuleStep&) const = default;
};
/// All connections at once: a close frame (1006: cut).
struct CloseAll {
  std::uint16_t code = 1012;
  std::string reason = {};
  bool operator==(const CloseAll&) const = default;
};
/// All connections at once: nothing passes any more, and nobody is told.
struct SilenceAll {
  bool operator==(const SilenceAll&) const = default;
};

struct FaultStep {
  Duration at{};  ///< since the script began
  std::variant<RuleStep, CloseAll, SilenceAll> what;
  bool operator==(const FaultStep&) const = default;
};
using FaultSteps = std::vector<FaultStep>;

/// One fault as files, flags and the control API write it: `{"drop": {"event": "new_msg", "nth": 10}}`. One key says what goes wrong, its
/// value when and how. For all: direction (out: to the server, in), topic, event (globs), nth, limit, probability, at, for.
///   drop · delay {by, jitter, overtaking} · duplicate {copies} · reorder {behind, at_most} · corrupt {bytes} · never_reply ·
///   error_reply {status, response} · close {code, reason} · half_open · refuse_upgrade {status, headers, body} · scenario: NAME
/// close and half_open with `at` but no topic, event, nth are about all connections at that time. The error says what is wrong and what
/// would be right.
tl::expected<FaultSteps, std::string> parse_fault(const Json& fault);

/// "drop event=new_msg nth=10", for journals.
std::string describe(const FaultRule& rule);

/// What happens to clients in the field, as scripts that begin one second after the start (server: theirs in mock, proxy):
///   deploy        all get 1012, for 1.5 s upgrades are refused with 503, then all is well
///   flaky-mobile  latency with jitter, and three times the connection is lost without a word
///   laptop-sleep  nothing passes for 3 s, then the connection is lost
///   overload      for 5 s replies take long, every fifth never comes, every third upgrade is refused with 503
///   half-open     the connections of the first second go silent for good; new ones work
std::optional<FaultSteps> fault_scenario(std::string_view name);
const std::vector<std::string_view>& fault_scenario_names();

/// Runs steps when their time has come: rules go to the engine and leave it again, the rest is for the owner of the links.
/// Reads no clock. One owner at a time.
class FaultScript {
 public:
  using Action = std::variant<CloseAll, SilenceAll>;

  /// engine: borrowed for life.
  explicit FaultScript(FaultEngine& engine) : engine_(&engine) {}
  void add(const FaultSteps& steps, Instant now);
  /// Nothing more happens, and no rule is left.
  void clear();

  std::optional<Instant> next_deadline() const noexcept;
  void on_deadline(Instant now, std::vector<Action>& out);

 private:
  struct Remove {
    FaultRule rule;
  };
  struct Due {
    Instant at;
    std::variant<RuleStep, CloseAll, SilenceAll, Remove> what;
  };
  void insert(Due due);

  FaultEngine* engine_;
  std::vector<Due> due_;  // in order
};

}  // namespace phx::scenario
