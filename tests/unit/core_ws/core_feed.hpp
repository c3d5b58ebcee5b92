#pragma once

#include <phx/core/ws/websocket_core.hpp>

#include "ws_feed.hpp"

namespace phx::core::ws::test {

inline Instant at(Duration since_start) { return Instant{} + since_start; }

inline MaskSource fixed_mask() {
  return [] { return mask; };
}

inline std::string describe(const WebSocketCore::Message& e) { return (e.op == Opcode::text ? "text " : "binary ") + std::string(e.data); }
inline std::string describe(const WebSocketCore::Ping& e) { return "ping " + std::string(e.data); }
inline std::string describe(const WebSocketCore::Pong& e) { return "pong " + std::string(e.data); }
inline std::string describe(const WebSocketCore::Closed& e) {
  return "closed " + std::to_string(e.code) + " " + e.reason + (e.clean ? "" : "/unclean: " + e.why.message());
}
inline std::string describe(const WebSocketCore::Event& event) {
  return std::visit([](const auto& e) { return describe(e); }, event);
}

/// Feeds a copy of the bytes and takes all events; answers are appended to out.
inline Lines feed(WebSocketCore& core, std::string bytes, std::string& out, Instant now = {}) {
  Lines lines;
  core.feed(bytes, now);
  while (const auto event = core.next(now, out)) lines.push_back(describe(*event));
  return lines;
}

/// What the peer of `role` reads in these bytes.
inline Lines read_as_peer_of(Role role, std::string_view bytes) {
  return decode_pieces({.role = role == Role::server ? Role::client : Role::server, .limits = Limits::unlimited()}, {bytes});
}

}  // namespace phx::core::ws::test
