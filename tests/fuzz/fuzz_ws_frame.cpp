// WebSocket frames: the decoder must say the same whether its input comes whole or in pieces, and what it takes from a peer
// must survive being written again. First byte: role, limits, RSV1; second: size of the pieces; the rest comes from the peer.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/json_text.hpp>
#include <phx/core/ws/websocket_core.hpp>

#include "invariant.hpp"

using namespace phx;
using namespace phx::core;
using namespace phx::core::ws;

namespace {

constexpr Limits small_limits{.max_frame = 300, .max_message = 400, .max_fragments = 5, .allow_empty_continuation = true};

struct Seen {
  char kind;
  int detail;
  std::string data;
  bool operator==(const Seen&) const = default;
};

Seen seen(const MessageEvent& e) {
  PHX_INVARIANT(e.op == Opcode::binary || e.compressed || is_utf8(e.data));
  return {e.compressed ? 'z' : 'm', static_cast<int>(e.op), std::string(e.data)};
}
Seen seen(const PingEvent& e) { return {'p', 0, std::string(e.data)}; }
Seen seen(const PongEvent& e) { return {'q', 0, std::string(e.data)}; }
Seen seen(const CloseEvent& e) {
  PHX_INVARIANT(is_utf8(e.reason) && e.reason.size() <= 123);
  return {'c', e.code, std::string(e.reason)};
}
Seen seen(const FailEvent& e) { return {'f', e.close_code, make_error_code(e.why).message()}; }

std::vector<Seen> decode(Decoder decoder, std::string_view bytes, std::size_t piece) {
  std::vector<Seen> events;
  for (std::size_t i = 0; i < bytes.size(); i += piece) {
    std::string buffer(bytes.substr(i, piece));
    decoder.feed(buffer);
    while (const auto event = decoder.next()) events.push_back(std::visit([](const auto& e) { return seen(e); }, *event));
  }
  return events;
}

/// Both machines on the same bytes: never an event after the last one, answers readable by the peer.
void run_core(Role role, const Limits& limits, std::string bytes) {
  WebSocketCore core(role, limits, role == Role::client ? MaskSource([] { return 0x01020304u; }) : MaskSource{});
  std::string out;
  core.feed(bytes, Instant{});
  bool closed = false;
  while (const auto event = core.next(Instant{}, out)) {
    PHX_INVARIANT(!closed);
    closed = std::holds_alternative<WebSocketCore::Closed>(*event);
  }
  PHX_INVARIANT(closed == (core.state() == WebSocketCore::State::closed));
  for (const Seen& answer : decode(Decoder(role == Role::server ? Role::client : Role::server), out, out.size() + 1)) {
    PHX_INVARIANT(answer.kind == 'q' || answer.kind == 'c');
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Role role = (data[0] & 1) != 0 ? Role::client : Role::server;
  const Limits& limits = (data[0] & 2) != 0 ? small_limits : default_limits;
  const bool rsv1 = (data[0] & 4) != 0;
  const std::size_t piece = std::max<std::size_t>(1, data[1]);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);

  const auto whole = decode(Decoder(role, limits, rsv1), bytes, bytes.size() + 1);
  PHX_INVARIANT(decode(Decoder(role, limits, rsv1), bytes, piece) == whole);
  PHX_INVARIANT(decode(Decoder(role, limits, rsv1), bytes, 1) == whole);
  run_core(role, limits, std::string(bytes));
  return 0;
}
