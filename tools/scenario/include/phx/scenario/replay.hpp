#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/scenario/capture_connection.hpp>

namespace phx::scenario {

/// To be sent to the server now.
struct ReplaySend {
  core::Opcode op = core::Opcode::text;
  std::string bytes;
  bool operator==(const ReplaySend&) const = default;
};
/// Everything was sent, and everything has come or is too late.
struct ReplayDone {
  bool operator==(const ReplayDone&) const = default;
};
using ReplayEffect = std::variant<ReplaySend, ReplayDone>;
using ReplayEffects = std::vector<ReplayEffect>;

struct ReplayOptions {
  std::uint64_t connection = 0;  ///< of the capture; 0: the first with frames
  Duration timeout = std::chrono::seconds(5);
  bool recorded_pace = false;                                                                 ///< false: as fast as the answers come
  std::vector<std::string> ignore = {"phx_ref", "phx_ref_prev", "online_at", "inserted_at"};  ///< keys whose values differ from run to run
};

/// Plays the client of a captured connection against another server, and notes where that answers differently. Messages leave as they were
/// recorded, but with refs and join_refs of the live connection, counted from 1; what the server sent stands between them: the next one
/// leaves when it has come. An answer belongs to the message of its topic and ref, other messages are compared in the order of their topic and event. Masked
/// values equal anything. Reads no clock. One owner at a time.
class ReplayCore {
 public:
  /// Throws std::invalid_argument for a capture without such a connection.
  ReplayCore(const Capture& capture, ReplayOptions options);

  void start(Instant now, ReplayEffects& out);
  void on_frame(core::Opcode op, std::string_view bytes, Instant now, ReplayEffects& out);
  void on_closed(Instant now, ReplayEffects& out);
  std::optional<Instant> next_deadline() const noexcept { return deadline_; }
  void on_deadline(Instant now, ReplayEffects& out);

  /// Objects {"t","topic","event","what","expected","actual"}, in the order of the capture.
  const std::vector<Json>& differences() const noexcept { return differences_; }
  std::size_t compared() const noexcept { return compared_; }
  std::size_t sent() const noexcept { return sent_; }
  const CaptureConnection& connection() const noexcept { return connection_; }  ///< the one that is played

 private:
  void advance(Instant now, ReplayEffects& out);
  bool take(const CaptureEvent& expected);
  bool fits(const CaptureEvent& expected, const CaptureEvent& actual) const;
  void compare(const CaptureEvent& expected, const CaptureEvent& actual);
  void differ(const CaptureEvent& at, const char* what, Json expected, Json actual);
  Json value_of(const CaptureEvent& frame) const;
  bool same(const Json& expected, const Json& actual) const;
  void finish(ReplayEffects& out);

  ReplayOptions options_;
  CaptureConnection connection_;
  const core::Serializer* serializer_;
  std::vector<CaptureEvent> events_;
  std::deque<CaptureEvent> received_;
  std::size_t next_ = 0, sent_ = 0, compared_ = 0;
  Instant started_{};
  std::optional<Instant> deadline_;
  std::vector<Json> differences_;
  bool done_ = false, closed_ = false;
};

}  // namespace phx::scenario
