#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include <phx/core/envelope.hpp>
#include <phx/core/time.hpp>
#include <phx/core/ws/handshake.hpp>

namespace phx::core {

struct LongPollOptions {
  std::string url{};                                    ///< as longpoll_url() gives it: params and vsn are in it
  std::optional<std::string> auth_token{};              ///< header of the GETs only (U5)
  ws::HeaderList headers{};                             ///< further ones, of all requests
  bool token_in_header = false;                         ///< D-21: of the session; false: in the query
  bool ndjson = true;                                   ///< false: one text message per POST, as serializer V1 needs it (server.md 3.3)
  Duration timeout = std::chrono::seconds(20);          ///< of one request
  Duration connect_timeout = std::chrono::seconds(20);  ///< of the one that opens the session
  Duration linger = std::chrono::seconds(2);            ///< how long finish() waits for what was sent
  std::size_t batch_messages = 100;                     ///< per POST; servers ignore more
  std::size_t batch_bytes = std::size_t{1} << 20;       ///< per POST, unless one message has more; servers take about 8 MB
};

// What the owner must do after an input, in order.

enum class LongPollRequestId : std::uint64_t { none = 0 };

/// Make this HTTP request; give its outcome to on_answer or on_failure.
struct LongPollRequest {
  LongPollRequestId id{};
  std::string_view method{};  ///< GET or POST
  std::string url{};
  ws::HeaderList headers{};
  std::string body{};
  bool operator==(const LongPollRequest&) const = default;
};

/// Its outcome is of no interest any more.
struct LongPollAbort {
  LongPollRequestId id{};
  bool operator==(const LongPollAbort&) const = default;
};

struct LongPollOpened {
  bool operator==(const LongPollOpened&) const = default;
};

struct LongPollMessage {
  Opcode opcode = Opcode::text;
  std::string data{};
  bool operator==(const LongPollMessage&) const = default;
};

struct LongPollError {
  std::error_code why{};
  int status = 0;        ///< of the answer: in its body, else of HTTP; 500 for none (G3); 0 for a timeout
  std::string detail{};  ///< one line
  bool operator==(const LongPollError&) const = default;
};

struct LongPollClosed {
  std::uint16_t code = 1000;
  std::string reason{};
  bool clean = true;
  bool operator==(const LongPollClosed&) const = default;
};

using LongPollEffect = std::variant<LongPollRequest, LongPollAbort, LongPollOpened, LongPollMessage, LongPollError, LongPollClosed>;
using LongPollEffects = std::deque<LongPollEffect>;

/// Client half of one long-poll session: one GET waits at the server for messages, at most one POST carries batches of ours.
///
///   idle --open--> connecting --410--> open --close, finish--> closed
///                      ^                |
///                      +----- error, timeout, 410 (session lost): LongPollError, LongPollClosed
///
/// What is sent in one turn leaves together: send() makes next_deadline() "now". Messages of one answer are one effect each; the
/// next GET comes before them. A lost session is over; the machine then is `connecting` as phoenix.js's (G4), and owners drop it.
/// Reads no clock, does no I/O, calls no user code. Rules: phoenix.js longpoll.js; spec client-semantics G1 to G8, server.md 3.
class LongPollCore {
 public:
  enum class State : std::uint8_t { idle, connecting, open, closed };

  explicit LongPollCore(LongPollOptions options);

  /// The first GET follows at next_deadline(): in a turn of its own (G1).
  void open(Instant now);
  /// Nothing happens once closed. JSON text may hold line breaks between its tokens: they become spaces.
  void send(Opcode opcode, std::string_view message, Instant now);
  /// At once: aborts all requests, drops what waits (G7).
  void close(std::uint16_t code, std::string_view reason, LongPollEffects& out);
  /// Like close, but what was sent before is delivered first, within `linger`.
  void finish(std::uint16_t code, std::string_view reason, Instant now, LongPollEffects& out);

  /// Answers to requests that were aborted, or never made, are ignored.
  void on_answer(LongPollRequestId id, int http_status, std::string_view body, Instant now, LongPollEffects& out);
  /// No answer at all.
  void on_failure(LongPollRequestId id, std::error_code why, Instant now, LongPollEffects& out);

  std::optional<Instant> next_deadline() const noexcept;
  void on_deadline(Instant now, LongPollEffects& out);

  State state() const noexcept { return state_; }
  const LongPollOptions& options() const noexcept { return options_; }
  const std::optional<std::string>& token() const noexcept { return token_; }
  bool awaiting_ack() const noexcept { return post_.has_value(); }
  std::size_t queued() const noexcept { return queue_.size(); }  ///< messages not yet in a POST
  std::size_t buffered_bytes() const noexcept { return queued_bytes_ + (post_ ? post_->bytes : 0); }

 private:
  struct Request {
    LongPollRequestId id;
    Instant deadline;
    std::size_t bytes;
  };
  struct Answer;

  void poll(Instant now, LongPollEffects& out);
  void post(Instant now, LongPollEffects& out);
  LongPollRequest request(std::string_view method, ws::HeaderList headers);
  std::string next_body();
  void on_poll(const Answer& answer, Instant now, LongPollEffects& out);
  void on_post(const Answer& answer, Instant now, LongPollEffects& out);
  void fail(LongPollError error, std::uint16_t code, std::string_view reason, LongPollEffects& out);
  void time_out(LongPollEffects& out);
  void end(LongPollClosed how, State then, LongPollEffects& out);

  LongPollOptions options_;
  State state_ = State::idle;
  std::optional<std::string> token_;
  std::uint64_t last_request_ = 0;
  std::optional<Request> poll_;
  std::optional<Request> post_;
  std::deque<std::string> queue_;  // as lines of ndjson
  std::size_t queued_bytes_ = 0;
  Instant poll_at_ = never_;   // the first GET
  Instant flush_at_ = never_;  // end of the turn that sent
  std::optional<LongPollClosed> finishing_;
  Instant finish_by_ = never_;

  static constexpr Instant never_ = Instant::max();
};

}  // namespace phx::core
