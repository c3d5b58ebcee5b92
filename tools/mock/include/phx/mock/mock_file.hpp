#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/scenario/fault_script.hpp>
#include <phx/scenario/pattern.hpp>
#include <phx/scenario/template.hpp>

namespace phx::mock {

using scenario::JsonTemplate;
using scenario::Pattern;
using scenario::Template;

/// To one client (push), or to all of a topic (broadcast).
struct MockMessage {
  std::optional<Template> topic;  ///< of a broadcast; none: the channel's own
  Template event;
  JsonTemplate payload;
  Duration after{};
};

struct MockReply {
  Template status = Template::literal("ok");
  JsonTemplate response;
};

/// What to do. In Phoenix's order: what is sent inside of a callback arrives before its reply, unless reply_first.
struct MockActions {
  std::optional<MockReply> reply;
  std::vector<MockMessage> push, broadcast, broadcast_from;
  bool reply_first = false;
  Duration after{};                                       ///< before anything; further messages of the channel wait
  std::optional<std::string> go;                          ///< the channel's next state
  std::vector<std::pair<std::string, JsonTemplate>> set;  ///< variables of the channel
  bool close = false, crash = false;                      ///< phx_close, phx_error
};

struct MockRule {
  std::size_t line = 0;
  Pattern payload;                   ///< any, unless given
  std::optional<std::string> state;  ///< the channel must be in
  std::uint64_t times = 0;           ///< then the next fitting rule's turn; 0, and where there is none: always
  MockActions actions;
};

struct MockTimer {
  Duration every{};
  std::uint64_t times = 0;  ///< 0: as long as the channel lives
  std::optional<std::string> state;
  MockActions actions;
};

struct MockPresenceStep {
  Duration at{};
  std::vector<std::pair<std::string, Json>> join;
  std::vector<std::string> leave;
};

struct MockChannelScript {
  std::string pattern;
  std::vector<MockRule> join;
  std::map<std::string, std::vector<MockRule>, std::less<>> on;  ///< "*": events without rules of their own
  std::vector<MockTimer> every;
  bool has_presence = false;  ///< presence_state after the join, diffs from then on
  std::vector<MockPresenceStep> presence;
  std::optional<std::pair<Template, JsonTemplate>> track;  ///< the client itself: key and meta
  std::string state = "initial";

  bool matches(std::string_view topic) const noexcept;
};

struct MockRefusal {
  Pattern params;
  int status = 403;
  std::string body;
};

struct MockSocket {
  std::string path;
  std::vector<MockRefusal> refuse;
};

struct MockRoute {
  std::string method, path;
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  JsonTemplate body;
  bool has_body = false;
};

/// Something that clients have to send; unmet at the end it fails the run.
struct MockExpectation {
  std::size_t line = 0;
  std::string topic = "*", event;  ///< globs
  Pattern payload;
  std::uint64_t count = 1;  ///< at least so often
  std::string text() const;
};

/// A mock file: design.md section 5, docs/mock.md.
struct MockFile {
  std::string name;
  std::vector<MockSocket> sockets;
  std::vector<MockChannelScript> channels;
  std::vector<MockRoute> routes;
  scenario::FaultSteps faults;
  std::vector<MockExpectation> expect;

  const MockChannelScript* find(std::string_view topic) const noexcept;  ///< the first that matches
  const MockSocket* socket(std::string_view path) const noexcept;

  /// Throws scenario::FileError: "chat.yaml:3:7: what is wrong, and the remedy".
  static MockFile parse(std::string_view text, const std::string& file);
};

/// {"$binary": "<base64>"} is bytes, everything else JSON. Nothing: the base64 is broken.
std::optional<std::string> binary_of(const Json& payload);

}  // namespace phx::mock
