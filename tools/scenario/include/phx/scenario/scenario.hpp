#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <phx/core/time.hpp>
#include <phx/scenario/pattern.hpp>
#include <phx/scenario/template.hpp>
#include <phx/scenario/yaml.hpp>

namespace phx::scenario {

// A scenario file as values; docs/scenarios.md describes every key. Channels are named by their `as`, or by their topic.

/// `capture: { id: /id }`: variable and JSON pointer into what was received.
using Captures = std::vector<std::pair<std::string, std::string>>;

/// What the answer to a join, push or leave should be.
struct ReplyExpectation {
  std::string status = "ok";  ///< "any": every status
  Pattern response = {};
};

enum class TransportWish : std::uint8_t { websocket, longpoll, automatic };

struct ConnectStep {
  std::optional<Template> url = {};  ///< otherwise the file's, or --url
  JsonTemplate params = {};
  std::optional<Template> auth_token = {};
  std::vector<std::pair<std::string, Template>> headers = {};
  TransportWish transport = TransportWish::websocket;
  std::string vsn = "2.0.0";
  bool refused = false;  ///< the server is expected to refuse
  std::optional<int> refused_status = {};
};
struct JoinStep {
  Template topic = {};
  std::string as = {};
  JsonTemplate payload = {};
  ReplyExpectation expect = {};
};
struct PushStep {
  std::string on = {};
  Template event = {};
  JsonTemplate payload = {};
  std::optional<ReplyExpectation> expect = {};  ///< none: the step does not wait for a reply
};
struct LeaveStep {
  std::string on = {};
};
/// A message of a channel: pushes and broadcasts look alike to a client.
struct ExpectStep {
  std::string on = {};  ///< empty: any channel
  std::string event = {};
  Pattern payload = {};
};
/// The list of a channel's presences, as it is now or becomes in time: {key: {"metas": [...]}}.
struct ExpectPresenceStep {
  std::string on = {};
  Pattern presence = {};
};
/// The server closes the connection.
struct ExpectClosedStep {
  Pattern code = {};
};
struct RefuteStep {
  std::string on = {};
  std::string event = {};
  Pattern payload = {};
  Duration duration{};
};
struct WaitStep {
  Duration duration{};
};
struct HttpStep {
  std::string method = "GET";
  Template url = {};  ///< "/path" is relative to the host of the scenario's url
  std::vector<std::pair<std::string, Template>> headers = {};
  std::optional<JsonTemplate> json = {};
  std::optional<Template> body = {};
  std::optional<Pattern> status = {};  ///< none: 200 to 299
  Pattern response = {};               ///< of the JSON body; `text` of another
};
struct DisconnectStep {};
struct SetStep {
  std::vector<std::pair<std::string, JsonTemplate>> variables = {};
};
/// Waits until every actor that has this point in its steps has come to it.
struct SyncStep {
  std::string point = {};
};
struct Step;
using Steps = std::vector<Step>;
struct RepeatStep {
  std::uint64_t times = 1;
  std::optional<Duration> every = {};  ///< from begin to begin
  Steps steps;
};
/// Each branch goes its own way; the step ends when all have ended.
struct ParallelStep {
  std::vector<Steps> branches;
};

struct Step {
  using Kind = std::variant<ConnectStep, JoinStep, PushStep, LeaveStep, ExpectStep, ExpectPresenceStep, ExpectClosedStep, RefuteStep,
                            WaitStep, HttpStep, DisconnectStep, SetStep, SyncStep, RepeatStep, ParallelStep>;
  Kind kind;
  Place place = {};
  std::string source = {};              ///< the line of the file, for reports
  std::optional<Duration> within = {};  ///< how long to wait; none: the scenario's
  Captures capture = {};
};

struct Actor {
  std::string name;
  Steps steps;
};

/// `load: stages:`; phx-load reads it.
struct LoadStage {
  std::uint64_t users = 0;
  Duration over{};  ///< time of the ramp to that number
  Duration hold{};  ///< time at it (`for`)
};

struct Scenario {
  std::string file = {};
  std::string name = {};
  std::string description = {};
  std::vector<std::string> tags = {};
  std::string url = {};
  Duration within = std::chrono::seconds(5);    ///< of steps that wait and say nothing else
  Duration timeout = std::chrono::seconds(60);  ///< of the whole scenario
  Variables variables = {};                     ///< `vars`
  Steps setup = {};                             ///< run by an actor of their own before all others; its variables are everybody's
  std::vector<Actor> actors = {};
  std::vector<LoadStage> stages = {};
  std::vector<std::string> gates = {};
  Place place = {};
};

struct ScenarioSources {
  /// The text of an included file; path relative to the folder of the scenario. Throws FileError. Default: the file system.
  std::function<std::string(const std::string& path)> read = read_text_file;
  /// Value of an environment variable that the file lists in `env`; none: not set, an error. Default: std::getenv.
  std::function<std::optional<std::string>(const std::string& name)> env = {};
};

/// Reads a scenario. Throws FileError that names file, line, column, what is wrong and the remedy.
Scenario parse_scenario(std::string_view text, const std::string& file, const ScenarioSources& sources = {});
/// The same from a file.
Scenario load_scenario(const std::string& path);

}  // namespace phx::scenario
