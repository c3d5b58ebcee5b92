#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace phx::conformance {

/// A frame as it stands on the wire. Written and read here without any code of the libraries under test.
struct Frame {
  std::uint8_t opcode = 1;
  bool fin = true;
  std::uint8_t rsv = 0;  ///< three bits, RSV1 is 4
  std::string payload;
};

inline constexpr std::uint8_t rsv1 = 4;
inline constexpr std::uint8_t op_text = 1, op_binary = 2, op_close = 8, op_ping = 9, op_pong = 10;

std::string write_frame(const Frame& frame, bool masked);

/// Takes the first frame off `bytes`; nothing when it is not whole yet. Throws std::runtime_error for a masked one: servers do not mask.
std::optional<Frame> take_frame(std::string& bytes);

std::string close_body(std::optional<std::uint16_t> code, std::string_view reason);

}  // namespace phx::conformance
