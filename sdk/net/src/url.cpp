#include <phx/net/url.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace phx::net {
namespace {

bool is_visible_ascii(char c) { return c > ' ' && c < '\x7f'; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::optional<std::uint16_t> read_port(std::string_view digits) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || value == 0 || value > 65535) return {};
  return static_cast<std::uint16_t>(value);
}

/// host, host:port, [v6], [v6]:port
bool read_authority(std::string_view authority, Url& url) {
  std::string_view host = authority, port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == authority.npos) return false;
    host = authority.substr(1, end - 1);
    const auto after = authority.substr(end + 1);
    has_port = after.starts_with(':');
    if (!after.empty() && !has_port) return false;
    if (has_port) port = after.substr(1);
  } else if (const auto colon = authority.find(':'); colon != authority.npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
    has_port = true;
  }
  if (host.empty()) return false;
  url.host = lower(host);
  url.port = url.default_port();
  if (!has_port) return true;
  const auto number = read_port(port);
  if (number) url.port = *number;
  return number.has_value();
}

}  // namespace

std::string Url::authority() const {
  std::string out = host.find(':') == host.npos ? host : '[' + host + ']';
  if (port != default_port()) out += ':' + std::to_string(port);
  return out;
}

std::string Url::target() const { return query.empty() ? path : path + '?' + query; }

std::string Url::text() const { return scheme + "://" + authority() + target(); }

Result<Url> parse_url(std::string_view text) {
  if (!std::ranges::all_of(text, is_visible_ascii)) return failure(Errc::bad_url);
  text = text.substr(0, text.find('#'));
  const auto mark = text.find("://");
  if (mark == text.npos) return failure(Errc::bad_url);
  Url url;
  url.scheme = lower(text.substr(0, mark));
  if (url.scheme != "ws" && url.scheme != "wss" && url.scheme != "http" && url.scheme != "https") return failure(Errc::bad_url);
  auto rest = text.substr(mark + 3);
  const auto end = rest.find_first_of("/?");
  const auto authority = rest.substr(0, end);
  if (authority.find('@') != authority.npos || !read_authority(authority, url)) return failure(Errc::bad_url);
  rest = end == rest.npos ? std::string_view{} : rest.substr(end);
  const auto question = rest.find('?');
  url.path = rest.substr(0, question);
  if (url.path.empty()) url.path = "/";
  if (question != rest.npos) url.query = rest.substr(question + 1);
  return url;
}

}  // namespace phx::net
