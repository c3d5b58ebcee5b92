#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/core/time.hpp>
#include <phx/testing/target.hpp>

/// Checks of the Channels protocol for any server (`phx conformance URL`).
namespace phx::conformance {

/// What of the server the checks may use. The defaults fit fixture_server and phx-server; an empty name leaves out the checks that need it.
struct Description {
  std::string path = "/socket";            ///< of the mount, for long-poll requests
  Json params = Json::object();            ///< of every connection
  std::string topic = "room:conformance";  ///< joinable by anybody, also as the prefix of further topics
  Json join_payload = Json::object();
  std::string refused_topic = "room:private";  ///< its join answers an error
  std::string unmatched_topic = "conformance-no-such-topic";
  std::string echo_event = "ping";                    ///< answers ok with its payload
  std::string broadcast_event = "new_msg";            ///< is broadcast to the topic with its payload
  std::string crash_event;                            ///< crashes its channel; empty, as by default: nothing may be crashed
  Json refused_params = obj("token", "not-a-token");  ///< connect refuses them; null: nothing to refuse
  std::string foreign_origin = "http://conformance.invalid";
  bool v1 = true, binary = true, longpoll = true;
  std::size_t max_message_bytes = 0;           ///< a larger frame closes with 1009; 0: unchecked (Phoenix limits one frame only when told)
  std::size_t max_channels = 100;              ///< of one connection; 0: unchecked
  Duration timeout = std::chrono::seconds(5);  ///< for what ought to come
  Duration silence = std::chrono::milliseconds(150);  ///< how long nothing must come

  /// From a YAML (so also JSON) file with these keys. Throws scenario::FileError with place and remedy.
  static Description from_yaml(std::string_view text, const std::string& file);
};

/// What a check found wrong. Thrown by checks.
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
/// The description lacks what the check needs. Thrown by checks.
class NotApplicable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Bench;

/// One rule of the protocol.
struct Check {
  std::string_view id;    ///< "join.ok"
  std::string_view rule;  ///< where it is written: "server.md 5.3"
  std::string_view says;  ///< the rule in one line
  void (*run)(Bench&);
};

/// All of them, in the order in which they run.
const std::vector<Check>& checks();

enum class Verdict : std::uint8_t { passed, failed, skipped };
struct Result {
  const Check* check;
  Verdict verdict;
  std::string detail;  ///< what was wrong, or why it was skipped
  Duration took{};
};

struct Score {
  std::size_t passed = 0, failed = 0, skipped = 0;
};
Score score(const std::vector<Result>& results);

/// Runs those whose id starts with `only` (all when empty), each on connections of its own. `told` hears of each at once.
std::vector<Result> run(testing::Target& target, const Description& description, std::string_view only = {},
                        const std::function<void(const Result&)>& told = {});

/// One <testsuite> for CI.
std::string junit(const std::vector<Result>& results, std::string_view target);

}  // namespace phx::conformance
