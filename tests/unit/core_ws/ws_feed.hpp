#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/ws/frame.hpp>

#include "support/golden.hpp"

/// Feeding a decoder in every possible way, and what came out as lines that print well.
namespace phx::core::ws::test {

inline constexpr std::uint32_t mask = 0x37fa213d;  // RFC 6455 5.7

using Lines = std::vector<std::string>;

inline std::string describe(const MessageEvent& e) {
  return (e.op == Opcode::text ? "text " : "binary ") + std::string(e.data) + (e.compressed ? " (compressed)" : "");
}
inline std::string describe(const PingEvent& e) { return "ping " + std::string(e.data); }
inline std::string describe(const PongEvent& e) { return "pong " + std::string(e.data); }
inline std::string describe(const CloseEvent& e) { return "close " + std::to_string(e.code) + " " + std::string(e.reason); }
inline std::string describe(const FailEvent& e) { return "fail " + std::to_string(e.close_code) + " " + make_error_code(e.why).message(); }

/// What a failing decoder says last.
inline std::string failed(std::uint16_t code, Errc why) { return describe(FailEvent{why, code}); }

inline void drain(Decoder& decoder, Lines& lines) {
  while (const auto event = decoder.next()) {
    lines.push_back(std::visit([](const auto& e) { return describe(e); }, *event));
  }
}

/// Each piece is fed from memory of its own, which is gone before the next.
inline Lines decode_pieces(Decoder& decoder, const std::vector<std::string_view>& pieces) {
  Lines lines;
  for (const auto piece : pieces) {
    std::string buffer(piece);
    decoder.feed(buffer);
    drain(decoder, lines);
    std::fill(buffer.begin(), buffer.end(), '#');
  }
  return lines;
}

struct Setting {
  Role role = Role::server;
  Limits limits{};
  bool allow_rsv1 = false;
};

inline Lines decode_pieces(const Setting& setting, const std::vector<std::string_view>& pieces) {
  Decoder decoder(setting.role, setting.limits, setting.allow_rsv1);
  return decode_pieces(decoder, pieces);
}

/// Whole, byte by byte, and split at every position (at 1000 of them when the input is long).
inline void expect_however_cut(const Setting& setting, std::string_view bytes, const Lines& expected) {
  ASSERT_EQ(decode_pieces(setting, {bytes}), expected) << "fed whole";
  std::vector<std::string_view> single;
  for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(bytes.substr(i, 1));
  ASSERT_EQ(decode_pieces(setting, single), expected) << "fed byte by byte";
  const std::size_t step = std::max<std::size_t>(1, bytes.size() / 1000);
  for (std::size_t cut = 1; cut < bytes.size(); cut += step) {
    ASSERT_EQ(decode_pieces(setting, {bytes.substr(0, cut), bytes.substr(cut)}), expected) << "cut at " << cut;
  }
}

struct FrameOptions {
  bool fin = true;
  bool rsv1 = false;
  bool masked = true;
};

inline std::string frame(FrameOp op, std::string_view payload, FrameOptions options = {}) {
  std::string out;
  append_frame(out, op, payload, options.masked ? std::optional(mask) : std::nullopt, options.fin, options.rsv1);
  return out;
}
inline std::string text(std::string_view payload) { return frame(FrameOp::text, payload); }
inline std::string open_text(std::string_view payload) { return frame(FrameOp::text, payload, {.fin = false}); }
inline std::string more(std::string_view payload) { return frame(FrameOp::continuation, payload, {.fin = false}); }
inline std::string last(std::string_view payload) { return frame(FrameOp::continuation, payload); }

}  // namespace phx::core::ws::test
