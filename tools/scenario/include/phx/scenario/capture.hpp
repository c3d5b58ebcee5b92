#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/serializer.hpp>
#include <phx/scenario/fault.hpp>

#include <tl/expected.hpp>

namespace phx::scenario {

/// First line of a capture. Directions are those of the client, whoever recorded: `out` went to the server.
struct CaptureHeader {
  std::string tool = {}, url = {};
  std::string transport = "websocket", vsn = "2.0.0";
  std::string started = {};         ///< wall time of the beginning, RFC 3339 in UTC
  std::string clock = "monotonic";  ///< what `t` is measured with
  bool operator==(const CaptureHeader&) const = default;
};

enum class CaptureKind : std::uint8_t { frame, open, close, http, error, note };

/// One line of a capture. What does not apply is absent.
struct CaptureEvent {
  std::int64_t t = 0;   ///< nanoseconds since the start
  std::uint64_t c = 1;  ///< connection, from 1
  CaptureKind kind = CaptureKind::frame;
  std::optional<Direction> direction = {};
  core::Opcode op = core::Opcode::text;  ///< of a frame
  std::string raw = {};                  ///< the message; of http the body. In the file base64 for bytes (`op` binary)

  std::optional<std::string> join_ref = {}, ref = {};  ///< raw JSON tokens
  std::optional<std::string> topic = {}, event = {}, status = {};
  std::optional<std::uint64_t> n = {};  ///< bytes of the message before masking

  std::optional<int> code = {};  ///< close code; HTTP status of an answer
  std::string text = {};         ///< close reason, error, note; URL of open
  std::string method = {};       ///< of http
  std::string path = {};         ///< of http: the request target
  bool operator==(const CaptureEvent&) const = default;
};

struct Capture {
  CaptureHeader header;
  std::vector<CaptureEvent> events;
  std::vector<std::string> notes;  ///< what the reader had to say: a torn last line
};

/// The lines, without line ends.
std::string capture_line(const CaptureHeader& header);
std::string capture_line(const CaptureEvent& event);

struct CaptureLimits {
  std::size_t line = 64u << 20;  ///< bytes
  std::size_t events = 4'000'000;
};

struct CaptureError {
  std::size_t line = 0;  ///< from 1
  std::string message;   ///< "line 3: ..." with the remedy
};

/// Reads a capture in pieces of any size: feed() all of it, then finish(). A last line that was cut off in the middle (the recorder was
/// killed) is left out with a note; anything else that does not fit is an error, after which nothing more is taken.
class CaptureReader {
 public:
  explicit CaptureReader(CaptureLimits limits = {}) noexcept : limits_(limits) {}
  tl::expected<void, CaptureError> feed(std::string_view bytes);
  tl::expected<Capture, CaptureError> finish();

 private:
  tl::expected<void, CaptureError> take(std::string_view line);
  tl::unexpected<CaptureError> fail(const std::string& what);

  CaptureLimits limits_;
  Capture capture_;
  std::string partial_;
  std::size_t line_ = 0;
  bool has_header_ = false;
  std::optional<CaptureError> failed_;
};

tl::expected<Capture, CaptureError> read_capture(std::string_view text, CaptureLimits limits = {});

/// Fills in refs, topic, event and status of a frame; leaves them absent for what is no Phoenix message.
void describe_frame(CaptureEvent& frame, const core::Serializer& serializer);

/// The serializer of a vsn; V1 for "1.0.0", else V2.
const core::Serializer& serializer_for(std::string_view vsn) noexcept;

/// The payload of a frame as JSON text, or its bytes; of a reply its response. Absent: no Phoenix message.
struct FramePayload {
  std::string text;
  core::PayloadKind kind = core::PayloadKind::json;
};
std::optional<FramePayload> frame_payload(const CaptureEvent& frame, const core::Serializer& serializer);

/// Makes lines of what a tool sees: times, connection numbers, fields, masked secrets. One owner at a time.
class CaptureRecorder {
 public:
  using Sink = std::function<void(std::string line)>;
  struct Options {
    bool keep_secrets = false;
  };
  /// Writes the header at once.
  CaptureRecorder(CaptureHeader header, Instant start, Options options, Sink sink);

  void opened(std::uint64_t c, std::string_view url, Instant now);
  void frame(std::uint64_t c, Direction direction, core::Opcode op, std::string_view bytes, std::string_view vsn, Instant now);
  void closed(std::uint64_t c, std::optional<Direction> by, int code, std::string_view reason, Instant now);
  void http(std::uint64_t c, Direction direction, std::string_view method, std::string_view target, std::optional<int> status,
            std::string_view body, Instant now);
  void error(std::uint64_t c, std::string_view what, Instant now);
  void note(std::uint64_t c, std::string_view what, Instant now);

 private:
  CaptureEvent make(std::uint64_t c, CaptureKind kind, Instant now) const;
  void write(const CaptureEvent& event) { sink_(capture_line(event)); }
  std::string masked_url(std::string_view url) const;

  Instant start_;
  Options options_;
  Sink sink_;
};

/// Now, as a header says it: "2026-01-31T12:00:00.123Z".
std::string capture_time(std::chrono::system_clock::time_point now);

}  // namespace phx::scenario
