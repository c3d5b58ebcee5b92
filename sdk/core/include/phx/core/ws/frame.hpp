#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <phx/core/envelope.hpp>
#include <phx/core/error.hpp>

namespace phx::core::ws {

enum class Role : std::uint8_t { client, server };

enum class FrameOp : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// What a peer may send. The defaults are Phoenix's (bandit 1.12, websock_adapter); `unlimited()` is for echo servers.
struct Limits {
  std::size_t max_frame = 10'000'000;     ///< header + payload of one frame (golden frame_total_1001)
  std::size_t max_message = 8'000'000;    ///< a message put together from fragments; a single frame answers to max_frame alone
  std::size_t max_fragments = 65'537;     ///< frames of one message
  bool allow_empty_continuation = false;  ///< false: an empty non-final continuation is refused with 1008
  static constexpr Limits unlimited() { return {64u << 20, 64u << 20, 1u << 20, true}; }
};
inline constexpr Limits default_limits{};

// What came in. Views borrow from the bytes given to feed() or from the decoder, until the next call of next() or feed().
struct MessageEvent {
  Opcode op;
  std::string_view data;
  bool compressed = false;
};  ///< compressed: RSV1 was set (only if allowed)
struct PingEvent {
  std::string_view data;
};
struct PongEvent {
  std::string_view data;
};
struct CloseEvent {
  std::uint16_t code;
  std::string_view reason;
};  ///< 1005 when the frame had no code
struct FailEvent {
  Errc why;
  std::uint16_t close_code;
};  ///< the connection must be failed with this code; decoder is dead
using Event = std::variant<MessageEvent, PingEvent, PongEvent, CloseEvent, FailEvent>;

/// Bytes in, messages out. Pull style: feed(bytes), then next() until it returns nothing; then the fed bytes may be reused
/// (an unfinished frame has been copied). Unmasks in place, so `bytes` must be writable; a frame that arrived whole is never copied.
/// UTF-8 of text is checked as it arrives (fail fast). Fed whole, in pieces and byte by byte it behaves the same.
/// An idle decoder owns no heap memory.
class Decoder {
 public:
  /// limits are borrowed for life. allow_rsv1: permessage-deflate was negotiated; such a message is marked, not checked.
  explicit Decoder(Role role, const Limits& limits = default_limits, bool allow_rsv1 = false) noexcept;
  Decoder(Role role, Limits&& limits, bool allow_rsv1 = false) = delete;
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  /// std::logic_error while earlier bytes wait: drain next() or release_input() first.
  void feed(std::span<char> bytes);
  /// After CloseEvent and FailEvent nothing more comes: whatever the peer sends then is discarded.
  std::optional<Event> next();
  /// What was fed and not yet taken, forgotten here. An owner that has to stop in between (a join that suspends) keeps a
  /// copy and feeds it again later, before newer bytes.
  std::span<char> release_input() noexcept;

  Role role() const noexcept { return role_; }
  const Limits& limits() const noexcept { return *limits_; }
  /// As the constructor's allow_rsv1; before the first feed().
  void accept_rsv1() noexcept { allow_rsv1_ = true; }
  /// True while half a frame or an unfinished message is held (and heap memory with it).
  bool holds_partial() const noexcept { return partial_ != nullptr; }

 private:
  struct Frame;
  struct Partial;  // header bytes, half a frame, fragments so far: only while there are any
  enum class Step : std::uint8_t { more, ready, failed };

  Partial& partial();
  Step take_header(Frame& frame);
  Step parse_header(std::span<const char> bytes, Frame& frame);
  bool check_first_byte(const Frame& frame);
  bool check_second_byte(const Frame& frame);
  bool check_length(const Frame& frame);
  std::optional<Event> take_payload(const Frame& frame, bool& starved);
  std::optional<Event> take_control(const Frame& frame, std::span<char> chunk, bool complete);
  std::optional<Event> take_data(const Frame& frame, std::span<char> chunk, bool complete);
  Event close_event(std::string_view body);
  Event fail();
  bool refuse(Errc why, std::uint16_t close_code) noexcept;

  Role role_;
  bool allow_rsv1_;
  bool dead_ = false;
  Errc why_{};  // of the failure being reported
  std::uint16_t close_code_ = 0;
  const Limits* limits_;
  std::span<char> in_;
  std::unique_ptr<Partial> partial_;
};

/// At most 14 bytes: 2, +2 or +8 for the length, +4 for the mask.
struct FrameHeader {
  std::array<char, 14> bytes{};
  std::size_t size = 0;
  std::string_view view() const noexcept { return {bytes.data(), size}; }
};

/// Header of a final frame of `length` payload bytes; with a mask when given (a client must mask).
/// Masks are read as they stand on the wire: 0x37fa213d is 37 fa 21 3d (RFC 6455 5.7).
FrameHeader make_header(FrameOp op, std::size_t length, std::optional<std::uint32_t> mask = {}, bool fin = true,
                        bool rsv1 = false) noexcept;

/// XORs data with the mask, starting at mask byte `offset % 4`. Word-wise; its own inverse.
void apply_mask(std::span<char> data, std::uint32_t mask, std::size_t offset = 0) noexcept;

/// Appends one whole frame.
void append_frame(std::string& out, FrameOp op, std::string_view payload, std::optional<std::uint32_t> mask = {}, bool fin = true,
                  bool rsv1 = false);

/// Payload of a close frame: code and reason (cut to 123 bytes at a character boundary); empty for code 1005.
std::string close_payload(std::uint16_t code, std::string_view reason = {});

}  // namespace phx::core::ws
