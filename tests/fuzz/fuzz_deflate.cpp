// permessage-deflate: offers, compressed messages and frames of a hostile peer. First byte: what the rest is; second: window size
// and limits. Inflating never exceeds its limit and says the same however the bytes came; deflating is undone by inflating.
#include <algorithm>
#include <cstdint>
#include <memory>
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

void negotiate(std::string_view text) {
  const auto in_range = [](const DeflateParams& p) {
    return std::min(p.server_max_window_bits, p.client_max_window_bits) >= 8 &&
           std::max(p.server_max_window_bits, p.client_max_window_bits) <= 15;
  };
  if (const auto answer = answer_deflate(text)) {
    PHX_INVARIANT(in_range(answer->params));
    const auto again = answer_deflate(answer->header);
    PHX_INVARIANT(again && again->params == answer->params && again->header == answer->header);
    PHX_INVARIANT(read_deflate_answer(answer->header, {}) == answer->params);
  }
  if (const auto params = read_deflate_answer(text, {.server_max_window_bits = 12})) {
    PHX_INVARIANT(in_range(*params) && params->server_max_window_bits <= 12);
  }
}

void inflate_anything(std::string_view bytes, std::uint8_t bits, std::size_t limit) {
  MessageInflater inflater(bits), same(bits);
  for (int message = 0; message < 2; ++message) {  // the second one in the context of the first
    std::string out, again;
    const auto result = inflater.inflate(bytes, limit, out);
    const auto repeated = same.inflate(bytes, limit, again);
    PHX_INVARIANT(result.has_value() == repeated.has_value());
    if (!result) return;
    PHX_INVARIANT(out == again && out.size() <= limit);
  }
}

void round_trip(std::string_view bytes, std::uint8_t bits, std::size_t piece) {
  MessageDeflater deflater(bits);
  MessageInflater inflater(bits);
  for (std::size_t i = 0; i <= bytes.size(); i += piece) {
    const std::string_view message = bytes.substr(i, piece);
    std::string payload, back;
    deflater.deflate(message, payload);
    PHX_INVARIANT(inflater.inflate(payload, message.size(), back) && back == message);
  }
}

std::vector<std::string> run_core(std::string bytes, std::size_t piece, const DeflateLimits& limits) {
  DeflateContext context;
  WebSocketCore core(Role::server, default_limits);
  core.use_deflate(std::make_unique<PerMessageDeflate>(Role::server, DeflateParams{}, context, limits));
  std::vector<std::string> seen;
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += piece) {
    core.feed(std::span(bytes).subspan(i, std::min(piece, bytes.size() - i)), Instant{});
    while (const auto event = core.next(Instant{}, out)) {
      if (const auto* message = std::get_if<WebSocketCore::Message>(&*event)) {
        PHX_INVARIANT(message->op == Opcode::binary || is_utf8(message->data));
        seen.emplace_back(message->data);
        core.send(message->op, message->data, Instant{}, out);
      } else if (const auto* closed = std::get_if<WebSocketCore::Closed>(&*event)) {
        seen.push_back("closed " + std::to_string(closed->code));
      }
    }
  }
  seen.push_back(out);
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto bits = static_cast<std::uint8_t>(8 + data[1] % 8);
  const std::size_t limit = (data[1] & 8) != 0 ? 100'000 : 1'000;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 4) {
    case 0: negotiate(bytes); break;
    case 1: inflate_anything(bytes, bits, limit); break;
    case 2: round_trip(bytes, bits, 1 + data[1]); break;
    default: {
      const DeflateLimits limits{.context_takeover = (data[1] & 8) != 0, .max_ratio = 25};
      const auto whole = run_core(std::string(bytes), size, limits);
      PHX_INVARIANT(run_core(std::string(bytes), 1 + data[1] % 8, limits) == whole);
    }
  }
  return 0;
}
