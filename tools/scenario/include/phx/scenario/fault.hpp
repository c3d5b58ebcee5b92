#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <phx/core/time.hpp>

namespace phx::scenario {

enum class Direction : std::uint8_t { to_server, to_client };

constexpr Direction opposite(Direction d) noexcept { return d == Direction::to_server ? Direction::to_client : Direction::to_server; }

/// Which messages a rule is about. Every condition given must hold.
struct FaultMatch {
  std::optional<Direction> direction = {};  ///< either way when absent
  std::string topic = "*";                  ///< glob
  std::string event = "*";                  ///< glob; "phx_join", "phx_reply", ... are events too
  std::uint64_t nth = 0;                    ///< only the n-th message that fits the above, counted from 1 over all links; 0: each
  std::uint64_t limit = 0;                  ///< at most so many times; 0: without end
  double probability = 1.0;                 ///< of the messages that fit all of the above

  bool operator==(const FaultMatch&) const = default;
};

// What goes wrong.

struct Drop {
  bool operator==(const Drop&) const = default;
};
/// Held back for `by` plus a random part below `jitter`. As on a TCP connection what follows waits behind it, unless overtaking.
struct Delay {
  Duration by{};
  Duration jitter{};
  bool overtaking = false;
  bool operator==(const Delay&) const = default;
};
struct Duplicate {
  std::uint32_t copies = 1;  ///< in addition to the message itself
  bool operator==(const Duplicate&) const = default;
};
/// Delivered behind the next `behind` messages of its direction, or after `at_most` if there are not so many.
struct Reorder {
  std::uint32_t behind = 1;
  Duration at_most = std::chrono::seconds(1);
  bool operator==(const Reorder&) const = default;
};
/// Changes that many bytes, at random places to random other values.
struct Corrupt {
  std::uint32_t bytes = 1;
  bool operator==(const Corrupt&) const = default;
};
/// The server gets the message, the client never sees a reply to it.
struct NeverReply {
  bool operator==(const NeverReply&) const = default;
};
/// The server does not get the message; the client gets this reply. Messages without ref, and those to the client, pass.
struct AnswerWith {
  std::string status = "error";
  std::string response = "{}";  ///< JSON text
  bool operator==(const AnswerWith&) const = default;
};
/// Instead of the message both sides get a close frame, and nothing further. 1006: the connection is lost without one.
struct CloseWith {
  std::uint16_t code = 1006;
  std::string reason = {};
  bool operator==(const CloseWith&) const = default;
};
/// From this message on nothing passes either way, and nobody is told.
struct HalfOpen {
  bool operator==(const HalfOpen&) const = default;
};
/// The n-th upgrade is answered with this. Of the conditions only nth, limit and probability apply.
struct RefuseUpgrade {
  int status = 403;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  bool operator==(const RefuseUpgrade&) const = default;
};

using Fault = std::variant<Drop, Delay, Duplicate, Reorder, Corrupt, NeverReply, AnswerWith, CloseWith, HalfOpen, RefuseUpgrade>;

struct FaultRule {
  FaultMatch when;
  Fault fault;

  bool operator==(const FaultRule&) const = default;
};

}  // namespace phx::scenario
