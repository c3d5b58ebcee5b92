#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include <phx/core/time.hpp>

namespace phx::cli::shell {

/// The lines of `phx shell`, as values. An empty topic is the one joined last, which is written `.`.
struct Help {
  std::string command;  ///< empty: all
  bool operator==(const Help&) const = default;
};
struct Join {
  std::string topic, payload;  ///< payload: as typed, empty for none
  bool operator==(const Join&) const = default;
};
struct Leave {
  std::string topic;
  bool operator==(const Leave&) const = default;
};
struct Push {
  std::string topic, event, payload;
  bool wants_reply = true;
  bool operator==(const Push&) const = default;
};
struct Topics {
  bool operator==(const Topics&) const = default;
};
struct ShowPresence {
  std::string topic;
  bool operator==(const ShowPresence&) const = default;
};
struct ShowEvents {
  std::string glob;
  bool on = true;
  bool operator==(const ShowEvents&) const = default;
};
struct WaitFor {
  std::string glob;
  std::optional<Duration> limit;
  bool operator==(const WaitFor&) const = default;
};
struct Sleep {
  Duration time{};
  bool operator==(const Sleep&) const = default;
};
struct Ping {
  bool operator==(const Ping&) const = default;
};
struct Quit {
  bool operator==(const Quit&) const = default;
};
using Instruction = std::variant<Help, Join, Leave, Push, Topics, ShowPresence, ShowEvents, WaitFor, Sleep, Ping, Quit>;

struct CommandInfo {
  std::string_view word, arguments, text;
};
/// All commands, in the order of the help.
std::span<const CommandInfo> commands();

/// Words are separated by blanks; one with blanks in it is written as a JSON string. A payload is the rest of the line, quoted for a
/// shell or not. Blank lines and those that begin with # are nothing (nullopt). The error is one line that names the remedy.
tl::expected<std::optional<Instruction>, std::string> parse(std::string_view line);

/// What has been met so far in a session.
struct Vocabulary {
  std::vector<std::string> topics, events;
};
struct Completion {
  std::string typed;    ///< the word before the cursor
  std::string becomes;  ///< what it should be: as far as all choices agree, with a space after the only one
  std::vector<std::string> choices;
  bool operator==(const Completion&) const = default;
};
/// `before`: the line up to the cursor.
Completion complete(std::string_view before, const Vocabulary& vocabulary);

/// A name as parse() would read it back.
std::string spelled(std::string_view name);

}  // namespace phx::cli::shell
