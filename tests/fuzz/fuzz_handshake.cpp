// The opening handshake. First byte: what the client offers, and which half reads the rest; second: size of the pieces.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <phx/core/ws/handshake.hpp>

#include "invariant.hpp"

using namespace phx;
using namespace phx::core::ws;

namespace {

struct Outcome {
  std::string result, detail, body, rest, subprotocol;
  int status = 0;
  bool deflate = false;
  HeaderList headers;
  bool operator==(const Outcome&) const = default;
};

Outcome run(const ClientHandshakeOptions& options, std::string_view bytes, std::size_t piece) {
  ClientHandshake handshake(options, "dGhlIHNhbXBsZSBub25jZQ==");
  Result<bool> result = false;
  for (std::size_t i = 0; i < bytes.size() && result; i += piece) result = handshake.feed(bytes.substr(i, piece));
  if (result) result = handshake.finish();
  const auto& answer = handshake.answer();
  PHX_INVARIANT(answer.body.size() <= 16 * 1024);
  PHX_INVARIANT(!result || *result);
  return {result ? "ok" : result.error().message(),
          handshake.detail(),
          answer.body,
          handshake.rest(),
          answer.subprotocol,
          answer.status,
          answer.deflate.has_value(),
          answer.headers};
}

/// A server reads headers as the HTTP machine hands them over: one per line here.
void read_as_server(std::string_view text) {
  HeaderList headers;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view name = line.substr(0, line.find(':'));
    headers.emplace_back(name, line.substr(std::min(name.size() + 1, line.size())));
  }
  const auto strict = check_upgrade(headers, Strictness::strict);
  const auto phoenix = check_upgrade(headers, Strictness::phoenix);
  PHX_INVARIANT(!strict || *strict == *phoenix);  // what the strict one takes, Phoenix takes
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  if ((data[0] & 1) != 0) {
    read_as_server(bytes);
    return 0;
  }
  ClientHandshakeOptions options{.host = "h", .target = "/", .subprotocols = {}, .headers = {}, .offer_deflate = (data[0] & 2) != 0};
  if ((data[0] & 4) != 0) options.subprotocols = {"phoenix"};
  const Outcome whole = run(options, bytes, bytes.size() + 1);
  PHX_INVARIANT(run(options, bytes, std::max<std::size_t>(1, data[1])) == whole);
  return 0;
}
