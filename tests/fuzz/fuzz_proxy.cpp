// Answers of a proxy. First byte: which protocol, with or without a password; second: size of the pieces.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <phx/net/proxy_core.hpp>

#include "invariant.hpp"

using namespace phx;
using namespace phx::net;

namespace {

struct Outcome {
  std::string result, said;
  bool operator==(const Outcome&) const = default;
};

Outcome run(const ProxyOptions& proxy, std::string_view bytes, std::size_t piece) {
  ProxyCore core(proxy, "example.com", 443);
  Outcome outcome;
  PHX_INVARIANT(core.start(outcome.said));
  Result<bool> result = false;
  std::size_t at = 0;
  for (; at < bytes.size() && result && !*result; at += piece) result = core.feed(bytes.substr(at, piece), outcome.said);
  if (result && *result && at < bytes.size()) result = core.feed(bytes.substr(at), outcome.said);  // refused, however late it comes
  PHX_INVARIANT(result || !core.detail().empty());
  PHX_INVARIANT(outcome.said.size() < 1024);
  outcome.result = !result ? core.detail() : *result ? "connected" : "more";
  return outcome;
}

void parse(std::string_view text) {
  std::string why;
  const auto proxy = parse_proxy(text, why);
  PHX_INVARIANT(proxy.has_value() == why.empty());
  if (!proxy) return;
  const auto again = parse_proxy(proxy->url(), why);
  PHX_INVARIANT(again && *again == *proxy);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  if ((data[0] & 4) != 0) {
    parse(bytes);
    return 0;
  }
  ProxyOptions proxy{.kind = (data[0] & 1) != 0 ? ProxyOptions::Kind::socks5 : ProxyOptions::Kind::http, .host = "p", .port = 1};
  if ((data[0] & 2) != 0) proxy.user = "ada", proxy.password = "sesame";
  const Outcome whole = run(proxy, bytes, bytes.size() + 1);
  const Outcome split = run(proxy, bytes, std::max<std::size_t>(1, data[1]));
  PHX_INVARIANT(whole == split);
  return 0;
}
