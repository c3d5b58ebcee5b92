#include <phx/server/origin.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace phx::server {

namespace {

std::string lower(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::optional<std::uint16_t> default_port(std::string_view scheme) {
  if (scheme == "http" || scheme == "ws") return std::uint16_t{80};
  if (scheme == "https" || scheme == "wss") return std::uint16_t{443};
  return std::nullopt;
}

void parse_authority(std::string_view authority, OriginUri& out) {
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  out.host = authority.substr(0, colon);
  if (colon == std::string_view::npos) return;
  const auto digits = authority.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error == std::errc{} && end == digits.data() + digits.size()) out.port = port;
}

bool host_matches(std::string_view allowed, std::string_view host) {
  if (!allowed.starts_with("*.")) return allowed == host;
  allowed.remove_prefix(2);
  if (!host.ends_with(allowed)) return false;
  const auto rest = host.size() - allowed.size();
  return rest == 0 || host[rest - 1] == '.';
}

bool entry_matches(const OriginUri& entry, const OriginUri& origin) {
  return (entry.scheme.empty() || entry.scheme == origin.scheme) && (!entry.port || entry.port == origin.port) &&
         host_matches(entry.host, origin.host);
}

}  // namespace

OriginUri parse_origin(std::string_view text) {
  OriginUri out;
  const auto slashes = text.find("//");
  if (slashes == std::string_view::npos) return out;
  if (slashes > 0) {
    if (text[slashes - 1] != ':') return out;
    out.scheme = lower(text.substr(0, slashes - 1));
  }
  const auto authority = text.substr(slashes + 2);
  parse_authority(authority.substr(0, authority.find_first_of("/?#")), out);
  if (!out.port) out.port = default_port(out.scheme);
  return out;
}

CheckOrigin CheckOrigin::list(const std::vector<std::string>& entries) {
  std::vector<OriginUri> parsed;
  for (const auto& entry : entries) {
    parsed.push_back(parse_origin(entry));
    if (parsed.back().host.empty()) throw std::invalid_argument("check_origin entry without a host: " + entry + " (write //host)");
  }
  return CheckOrigin{std::move(parsed)};
}

bool CheckOrigin::allows(std::optional<std::string_view> header, const OriginTarget& target) const {
  if (!header || is_off()) return true;
  const auto origin = parse_origin(*header);
  if (const auto* function = std::get_if<Function>(&rule_)) return (*function)(origin);
  if (origin.host.empty()) return false;
  if (const auto* entries = std::get_if<std::vector<OriginUri>>(&rule_))
    return std::ranges::any_of(*entries, [&](const OriginUri& entry) { return entry_matches(entry, origin); });
  if (std::holds_alternative<EndpointHost>(rule_)) return origin.host == target.endpoint_host;
  return origin.scheme == target.scheme && origin.host == target.host && origin.port == target.port;
}

}  // namespace phx::server
