#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/load/distribution.hpp>

#include <tl/expected.hpp>

namespace phx::scenario {
struct Scenario;
}

namespace phx::load {

enum class Action : std::uint8_t { none, push, publish };   ///< publish: a stamped broadcast that every member of the topic should get
enum class Exit : std::uint8_t { leave, disconnect, cut };  ///< how a user goes when its stay is over
enum class Hostile : std::uint8_t { none, slow_reader, silent, half_open, oversize, bad_utf8, join_flood };

/// What one kind of user does. Texts may hold {{user}}, {{topic}} (its number), {{row.FIELD}} and, in the payload, {{stamp}}.
struct Profile {
  std::string name = "user";
  double weight = 1;
  bool longpoll = false;
  bool v1 = false;
  std::string params = "{}";  ///< JSON object
  bool join = true;
  std::string topic = "room:load";
  std::uint32_t topics = 1;  ///< with more than one, ":N" is added unless the text holds {{topic}}
  double zipf = 0;           ///< 0: topics in turn
  std::string join_payload = "{}";
  Action action = Action::none;
  std::string event = "ping";
  std::string payload;  ///< JSON; empty: {"body": stamp and padding} of payload_bytes
  std::uint32_t payload_bytes = 128;
  double rate = 0;                    ///< actions per second of all users of the profile together, on a fixed schedule; 0: every, inflight
  std::optional<Distribution> every;  ///< each user by itself, on its own schedule
  std::uint32_t inflight = 0;         ///< closed loop: so many pushes without reply at once, as fast as they come back
  std::uint32_t actors = 0;           ///< only the first N users act; 0: all
  Distribution stay{};                ///< zero: to the end
  Distribution away{};                ///< until the next visit
  Exit exit = Exit::leave;
  Duration cut_at{};       ///< all connections are cut then, counted from the end of the ramp
  bool reconnect = false;  ///< after a lost connection, with back-off
  bool presence = false;   ///< watches for itself in presence messages
  Hostile hostile = Hostile::none;
};

/// One part of the run. Users are those there should be at its end; `over`: they come or go evenly, else at once.
struct Stage {
  std::string name;
  std::uint32_t users = 0;
  Duration length{};
  bool over = false;
  double rate_factor = 1;
  std::vector<std::string> gates;
};

struct GateSpec {
  std::string expr;
  bool abort = false;
  Duration grace{};  ///< an aborting gate is not looked at before
};

struct Plan {
  std::string name = "plan";
  std::vector<Stage> stages;
  std::vector<Profile> profiles;
  std::vector<GateSpec> gates;
  double arrivals = 0;  ///< open model: new users per second, Poisson unless `even`; each makes one visit. Stages then give the time only
  bool even_arrivals = false;
  /// What users play instead of `profiles`; with the text of the file, for other processes.
  std::shared_ptr<const scenario::Scenario> scenario{};
  std::string scenario_file{}, scenario_text{};
  std::vector<Json> rows;  ///< feeder: user n has row n modulo their number
  std::uint64_t seed = 1;
  Duration heartbeat = std::chrono::seconds(30);
  Duration timeout = std::chrono::seconds(10);  ///< of connections, joins, replies
  Duration late_after = std::chrono::seconds(1);
  Duration drain = std::chrono::seconds(5);  ///< at most, for what is under way at the end
  std::uint32_t segment = 1, segments = 1;   ///< this part, 1 .. segments

  std::uint32_t peak_users() const noexcept;
  /// Of all users at the peak: one each, two with long-polling, one per actor of a scenario.
  std::uint64_t peak_connections() const noexcept;
  Duration length() const noexcept;
  /// Users 0 .. of the plan that belong to this profile are decided by seed and number alone.
  std::size_t profile_of(std::uint32_t user) const;
  std::string topic_of(const Profile& profile, std::uint32_t topic) const;
  /// From when to when a user is there, as offsets from the start: the first visit that begins at or behind `after`. `to` beyond the
  /// end of the plan: it stays.
  struct Visit {
    Duration from{}, to{};
  };
  std::optional<Visit> visit(std::uint32_t user, Duration after) const;
  Duration ramp() const noexcept;  ///< actions begin behind it: the length of the first stage if users come evenly in it
  std::size_t stage_at(Duration offset) const noexcept;
};

/// What the command line says about any preset or plan.
struct PlanOverrides {
  std::optional<std::uint32_t> users{};
  std::optional<std::uint32_t> topics{};
  std::optional<std::uint32_t> publishers{};
  std::optional<std::uint32_t> payload_bytes{};
  std::optional<std::uint32_t> inflight{};
  std::optional<double> rate{};
  std::optional<Duration> ramp{};
  std::optional<Duration> duration{};
  std::optional<std::string> topic{};
  std::optional<std::string> event{};
  std::optional<std::string> params{};
  std::optional<std::string> join_payload{};
  std::optional<std::string> hostile{};
  std::optional<bool> longpoll{};
  std::optional<bool> v1{};
};

std::vector<std::string> preset_names();
/// nullopt: no such preset.
std::optional<Plan> preset(std::string_view name);
/// std::invalid_argument names what does not fit.
void apply(PlanOverrides overrides, Plan& plan);

/// A plan file: YAML (JSON is YAML too). Throws scenario::FileError: "plan.yaml:7:3: unknown key 'user', did you mean 'users'?".
/// feeder_file: what `feeder:` names, or empty; its rows are the caller's to read.
Plan parse_plan(std::string_view text, const std::string& file, std::string& feeder_file);

/// A scenario file as a plan: its `load: stages` and `gates`; without stages those of a preset. Throws scenario::FileError.
Plan scenario_plan(std::string_view text, const std::string& file);
/// Throws scenario::FileError for steps that `phx test` takes and a load run does not: other hosts than that of `url`, long-polling.
void check_scenario(const Plan& plan, const std::string& url);
/// The scenario of plan.scenario_file as `text` says it, for users to play. Throws scenario::FileError.
void play_scenario(Plan& plan, std::string_view text);

/// The plan as a plan file: as it travels to worker processes and stands in result.json. Without rows and segment.
Json plan_json(const Plan& plan);
/// The same for comparisons: of a file's path only its name, since parts of one run may have read it in different folders.
Json plan_identity(Json plan);

/// Rows of a CSV file (first line: names; RFC 4180 quoting) or of JSON lines. Errors name the line.
tl::expected<std::vector<Json>, std::string> parse_rows(std::string_view text, bool csv);

/// {{user}}, {{topic}}, {{row.FIELD}} filled in; others stay. Throws std::invalid_argument for a row without that field.
std::string fill(std::string_view text, std::uint32_t user, std::uint32_t topic, const Json* row);

}  // namespace phx::load
