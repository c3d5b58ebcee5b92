#include <phx/net/proxy.hpp>

#include <algorithm>
#include <initializer_list>

namespace phx::net {
namespace {

std::optional<int> hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return {};
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto high = i + 2 < text.size() ? hex(text[i + 1]) : std::nullopt;
    const auto low = high ? hex(text[i + 2]) : std::nullopt;
    if (!low) return {};
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
    if (plain) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4], digits[byte & 15U]};
    }
  }
  return out;
}

bool read_kind(std::string_view& url, ProxyOptions& out) {
  const auto mark = url.find("://");
  std::string scheme(mark == url.npos ? "http" : url.substr(0, mark));
  std::ranges::transform(scheme, scheme.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (mark != url.npos) url.remove_prefix(mark + 3);
  out.kind = scheme == "http" ? ProxyOptions::Kind::http : ProxyOptions::Kind::socks5;
  return scheme == "http" || scheme == "socks5" || scheme == "socks5h";
}

/// False: user or password cannot be used.
bool read_credentials(std::string_view text, ProxyOptions& out) {
  const auto colon = std::min(text.find(':'), text.size());
  const auto user = percent_decode(text.substr(0, colon));
  const auto password = percent_decode(text.substr(std::min(colon + 1, text.size())));
  if (!user || !password) return false;
  out.user = *user;
  out.password = *password;
  if (out.kind == ProxyOptions::Kind::socks5) return !out.user.empty() && out.user.size() <= 255 && out.password.size() <= 255;
  return out.user.find(':') == out.user.npos;  // RFC 7617: the colon ends the user
}

/// "host:80", "[::1]:80"
bool names_port(std::string_view authority) {
  const auto colon = authority.rfind(':');
  return colon != authority.npos && authority.find(']', colon) == authority.npos;
}

std::string first_of(const Environment& environment, std::initializer_list<const char*> names, std::string& which) {
  for (const char* name : names) {
    const char* value = environment(name);
    which = name;
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

/// One entry of NO_PROXY: "example.com", ".example.com", "127.0.0.1:80", "[::1]".
bool covers(std::string_view entry, const Url& url) {
  const auto with_scheme = parse_url("http://" + std::string(entry.substr(entry.starts_with('.') ? 1 : 0)));
  if (!with_scheme) {  // an IPv6 address without brackets
    return entry == url.host;
  }
  if (names_port(entry) && with_scheme->port != url.port) return false;
  const auto& name = with_scheme->host;
  return url.host == name || (url.host.ends_with(name) && url.host[url.host.size() - name.size() - 1] == '.');
}

bool is_excepted(std::string_view list, const Url& url) {
  while (!list.empty()) {
    const auto end = std::min(list.find_first_of(", \t"), list.size());
    const auto entry = list.substr(0, end);
    if (entry == "*" || (!entry.empty() && covers(entry, url))) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace

std::string ProxyOptions::authority() const { return (host.find(':') == host.npos ? host : '[' + host + ']') + ':' + std::to_string(port); }

std::string ProxyOptions::url() const {
  std::string out = kind == Kind::http ? "http://" : "socks5h://";
  if (has_credentials()) out += percent_encode(user) + ':' + percent_encode(password) + '@';
  return out + authority();
}

std::string proxy_refusal(int http_status, bool has_credentials) {
  if (http_status == 407)
    return has_credentials ? "HTTP 407, it does not take this user and password" : "HTTP 407, it wants a user and a password";
  return "HTTP " + std::to_string(http_status);
}

std::optional<ProxyOptions> parse_proxy(std::string_view url, std::string& why) {
  ProxyOptions out;
  if (!read_kind(url, out)) {
    why = "a proxy is http://host:port, socks5://host:port or socks5h://host:port";
    return {};
  }
  if (const auto at = url.rfind('@'); at != url.npos) {
    if (!read_credentials(url.substr(0, at), out)) {
      why = "user and password of the proxy cannot be used; write special characters as %40";
      return {};
    }
    url.remove_prefix(at + 1);
  }
  const auto place = parse_url("http://" + std::string(url));
  if (!place || place->path != "/" || !place->query.empty()) {
    why = "'" + std::string(url) + "' is no host:port of a proxy";
    return {};
  }
  out.host = place->host;
  const bool given = names_port(url.substr(0, url.find_first_of("/?#")));
  out.port = given ? place->port : out.kind == ProxyOptions::Kind::http ? std::uint16_t{8080} : std::uint16_t{1080};
  return out;
}

std::optional<ProxyOptions> proxy_from_environment(const Url& url, const Environment& environment, std::string& why) {
  std::string which;
  const auto except = first_of(environment, {"no_proxy", "NO_PROXY"}, which);
  if (is_excepted(except, url)) return {};
  auto text = url.secure() ? first_of(environment, {"https_proxy", "HTTPS_PROXY"}, which) : first_of(environment, {"http_proxy"}, which);
  if (text.empty()) text = first_of(environment, {"all_proxy", "ALL_PROXY"}, which);
  if (text.empty()) return {};
  auto proxy = parse_proxy(text, why);
  if (!proxy) why = which + ": " + why;
  return proxy;
}

}  // namespace phx::net
