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

/// What a peer may send. The defaults are Phoenix's (bandit 1.12, websock_adapter); `strict_unlimited()` is for echo servers.
struct Limits {
  std::size_t max_frame = 10'000'000;    ///< header + payload of one frame (golden frame_total_1001)
  std::size_t max_message = 8'000'000;   ///< a message put together from fragments; a single frame answers to max_frame alone
  std::size_t max_fragments = 65'537;
  bool allow_empty_continuation = false; ///< false: an empty non-final continuation is refused with 1008
  static constexpr Limits unlimited() { return {64u << 20, 64u << 20, 1u << 20, true}; }
};

// What came in. Views borrow from the bytes given to feed() or from the decoder, until the next call of next() or feed().
struct MessageEvent { Opcode op; std::string_view data; bool compressed = false; };  ///< compressed: RSV1 was set (only if allowed)
struct PingEvent { std::string_view data; };
struct PongEvent { std::string_view data; };
struct CloseEvent { std::uint16_t code; std::string_view reason; };   ///< 1005 when the frame had no code
struct FailEvent { Errc why; std::uint16_t close_code; };             ///< the connection must be failed with this code; decoder is dead
using Event = std::variant<MessageEvent, PingEvent, PongEvent, CloseEvent, FailEvent>;

/// Bytes in, messages out. Pull style: feed(bytes), then next() until it returns nothing; then the fed bytes may be reused
/// (an unfinished frame has been copied). Unmasks in place, so `bytes` must be writable; a frame that arrived whole is never copied.
/// UTF-8 of text is checked as it arrives (fail fast). Fed whole, in pieces and byte by byte it behaves the same.
/// An idle decoder owns no heap memory.
class Decoder {
 public:
  explicit Decoder(Role role, const Limits& limits = {}, bool allow_rsv1 = false) noexcept;
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  void feed(std::span<char> bytes);
  std::optional<Event> next();

 private:
  struct Partial;                       // header bytes, half a frame, fragments so far: only while there are any
  Role role_;
  bool allow_rsv1_;
  bool dead_ = false;
  const Limits* limits_;
  std::span<char> in_;
  std::unique_ptr<Partial> partial_;
};

/// At most 14 bytes: 2, +2 or +8 for the length, +4 for the mask.
struct FrameHeader {
  std::array<char, 14> bytes;
  std::size_t size;
  std::string_view view() const noexcept { return {bytes.data(), size}; }
};

/// Header of a final frame of `length` payload bytes; with a mask when given (a client must mask).
FrameHeader make_header(FrameOp op, std::size_t length, std::optional<std::uint32_t> mask = {}, bool fin = true, bool rsv1 = false) noexcept;

/// XORs data with the mask, starting at mask byte `offset % 4`. Word-wise; its own inverse.
void apply_mask(std::span<char> data, std::uint32_t mask, std::size_t offset = 0) noexcept;

/// Appends one whole frame.
void append_frame(std::string& out, FrameOp op, std::string_view payload, std::optional<std::uint32_t> mask = {}, bool fin = true, bool rsv1 = false);

/// Payload of a close frame: code and reason (cut to 123 bytes at a character boundary); empty for code 1005.
std::string close_payload(std::uint16_t code, std::string_view reason = {});

}  // namespace phx::core::ws
