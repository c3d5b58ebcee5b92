#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/core/serializer.hpp>
#include <phx/scenario/fault_engine.hpp>

namespace phx::relay {

class Connection;

/// A FaultLink for one long-poll session: takes the bodies of its requests and answers apart, lets the rules act on the messages, and puts
/// together what is left. What has no request to travel in waits for the next one of its direction.
///
/// Reads no clock, never blocks, calls no user code but the tap. One owner at a time.
class LongPollSession {
 public:
  /// Sees the messages before the rules act.
  using Tap = std::function<void(scenario::Direction, core::Opcode, std::string_view)>;

  /// engine and serializer are borrowed for life.
  LongPollSession(scenario::FaultEngine& engine, const core::Serializer& serializer);
  LongPollSession(const LongPollSession&) = delete;
  LongPollSession& operator=(const LongPollSession&) = delete;

  /// A body as it goes on, not before `at`.
  struct Body {
    std::string text;
    Instant at;
  };
  /// Of a POST: with `ndjson` a message per line, else one message. Nothing: no message is left.
  std::optional<Body> on_post(std::string_view body, bool ndjson, const Tap& tap, Instant now);
  /// Of the answer to a poll: {"status","token","messages"}.
  Body on_answer(Json answer, const Tap& tap, Instant now);
  /// A poll has come, or waits: its answer without asking the server, when messages are there.
  std::optional<Body> take_news(std::string_view token, Instant now);

  std::optional<Instant> next_deadline() const noexcept { return link_.next_deadline(); }
  void on_deadline(Instant now);

  scenario::FaultLink::State state() const noexcept { return link_.state(); }
  /// With what it was closed; 1006: connections end without an answer.
  std::uint16_t close_code() const noexcept { return close_code_; }
  void close(std::uint16_t code);
  void fall_silent() { link_.fall_silent(); }
  /// Messages that had no place: a request without ndjson carries one.
  std::size_t take_lost() noexcept { return std::exchange(lost_, std::size_t{0}); }

  std::uint64_t received() const noexcept { return received_; }  ///< messages of the client
  std::uint64_t sent() const noexcept { return sent_; }          ///< and of the server

  // The owner's.
  std::weak_ptr<Connection> poll;  ///< the request that waits for messages
  std::string target;              ///< of the request that opened it
  Instant last_request{};

 private:
  void pass(scenario::Direction direction, core::Opcode op, std::string_view bytes, const Tap& tap, Instant now);
  void sort_out();
  Json messages_for_client(Instant& at);

  scenario::FaultLink link_;
  scenario::LinkActions actions_;
  std::vector<scenario::Deliver> to_server_, to_client_;
  std::size_t lost_ = 0;
  std::uint64_t received_ = 0, sent_ = 0;
  std::uint16_t close_code_ = 1006;
};

}  // namespace phx::relay
