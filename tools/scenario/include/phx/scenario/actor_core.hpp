#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <phx/core/client/presence.hpp>
#include <phx/core/time.hpp>
#include <phx/scenario/rng.hpp>
#include <phx/scenario/scenario.hpp>

namespace phx::scenario {

// What the owner of an actor must do. Payloads are JSON text; {"$binary": "<base64>"} stands for bytes, both ways.

struct OpenConnection {
  std::string url, params;
  std::optional<std::string> auth_token = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  TransportWish transport = TransportWish::websocket;
  std::string vsn = "2.0.0";
  Duration within{};  ///< the actor itself fails then; the owner gives up the attempt when told CloseConnection
  bool operator==(const OpenConnection&) const = default;
};
/// Joins once: no rejoin after a crash or refusal, no reconnect after a loss. The answer goes to on_reply(id).
struct SendJoin {
  std::uint64_t id = 0;
  std::uint32_t channel = 0;  ///< the owner's name for it in what follows
  std::string topic, payload;
  bool operator==(const SendJoin&) const = default;
};
struct SendPush {
  std::uint64_t id = 0;  ///< 0: nobody waits for the reply
  std::uint32_t channel = 0;
  std::string event, payload;
  bool operator==(const SendPush&) const = default;
};
struct SendLeave {
  std::uint64_t id = 0;
  std::uint32_t channel = 0;
  bool operator==(const SendLeave&) const = default;
};
struct CloseConnection {
  bool operator==(const CloseConnection&) const = default;
};
struct SendHttp {
  std::uint64_t id = 0;
  std::string method, url;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  Duration within{};
  bool operator==(const SendHttp&) const = default;
};
struct ReachSync {
  std::string point;
  bool operator==(const ReachSync&) const = default;
};
struct ActorFinished {
  bool operator==(const ActorFinished&) const = default;
};
/// See ActorCore::failure(). Nothing follows.
struct ActorFailed {
  bool operator==(const ActorFailed&) const = default;
};
using ActorEffect =
    std::variant<OpenConnection, SendJoin, SendPush, SendLeave, CloseConnection, SendHttp, ReachSync, ActorFinished, ActorFailed>;
using ActorEffects = std::vector<ActorEffect>;

enum class FailureKind : std::uint8_t { assertion, cannot_connect, connect_timeout, connection_lost, timeout, error };

/// Why an actor failed, for people.
struct Failure {
  FailureKind kind = FailureKind::assertion;
  std::string actor = {};
  Place place = {};
  std::string source = {};                  ///< the line of the file
  std::string message = {};                 ///< "no 'new_msg' on room within 2s"
  std::vector<std::string> details = {};    ///< differences of the answer, or of the nearest message
  std::optional<std::size_t> nearest = {};  ///< of the timeline: the message most like the expected one
  std::string_view step = {};               ///< "push", "expect", ...; empty: no step's fault
  bool too_late = false;                    ///< what the step waited for has not come in time
};

struct TimelineEntry {
  enum class Kind : std::uint8_t { step, sent, received, note, failed };
  Kind kind = Kind::note;
  Instant at{};
  std::string topic = {}, event = {}, payload = {};  ///< of messages; a note's text is its event
  std::size_t line = 0;                              ///< of the file, for steps
  bool used = false;                                 ///< an expectation took this message
};

/// How a server refused, or did not answer, a connection.
struct Refusal {
  int http_status = 0;  ///< 0: there was no HTTP answer
  bool timed_out = false;
  std::string message;
};

struct ActorContext {
  std::string_view url = {};  ///< of connections that name none; borrowed for life
  std::uint64_t user = 0;
  std::uint64_t seed = 1;
  std::int64_t unix_ms = 0;  ///< wall clock at `began`
  Instant began{};
  Duration within = std::chrono::seconds(5);
  const Variables* shared = nullptr;   ///< borrowed for life
  std::size_t mailbox_limit = 10'000;  ///< messages kept; the oldest goes first
  bool timeline = true;                ///< false: only messages that a step may still want are kept
};

/// One actor of a scenario: runs its steps, tells what to do, checks what comes.
///
///   running --all steps done--> finished        running --an expectation fails--> failed        nothing happens in either
///
/// `parallel` makes strands; each waits for one thing at a time. A message stays in the mailbox until an expectation takes it, so the order of
/// arrival and of steps need not agree. Reads no clock, never blocks, calls no user code. One owner at a time.
class ActorCore {
 public:
  /// name and steps are borrowed for life.
  ActorCore(const std::string& name, const Steps& steps, ActorContext context);
  ~ActorCore();
  ActorCore(ActorCore&&) noexcept;

  void start(Instant now, ActorEffects& out);
  void on_open(Instant now, ActorEffects& out);
  void on_refused(const Refusal& why, Instant now, ActorEffects& out);
  /// The connection is gone, by the server or on the way.
  void on_closed(std::uint16_t code, std::string_view reason, Instant now, ActorEffects& out);
  void on_reply(std::uint64_t id, std::string_view status, std::string_view response, Instant now, ActorEffects& out);
  /// Every other message of a joined channel, phx_close and phx_error too.
  void on_message(std::uint32_t channel, std::string_view event, std::string_view payload, Instant now, ActorEffects& out);
  void on_http(std::uint64_t id, int status, std::string_view body, Instant now, ActorEffects& out);
  void on_http_failed(std::uint64_t id, std::string_view why, Instant now, ActorEffects& out);
  void on_sync(std::string_view point, Instant now, ActorEffects& out);

  std::optional<Instant> next_deadline() const noexcept;
  void on_deadline(Instant now, ActorEffects& out);

  bool finished() const noexcept;
  bool failed() const noexcept;
  const std::optional<Failure>& failure() const noexcept;
  const std::string& name() const noexcept;
  const Variables& variables() const noexcept;
  std::uint64_t messages_taken() const noexcept;  ///< by `expect` steps so far
  const std::vector<TimelineEntry>& timeline() const noexcept;
  /// The steps that are waited in, as "chat.yaml:12:9 expect", for a scenario that ran out of time.
  std::vector<std::string> waiting_at() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phx::scenario
