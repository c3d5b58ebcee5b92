#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <phx/core/error.hpp>
#include <phx/net/url.hpp>

namespace phx::net {

/// A proxy that connects us to any host: HTTP CONNECT, or SOCKS5. Both are given names, not addresses: the proxy looks them up.
struct ProxyOptions {
  enum class Kind : std::uint8_t { http, socks5 };

  Kind kind = Kind::http;
  std::string host{};  ///< IPv6 without brackets
  std::uint16_t port = 0;
  std::string user{}, password{};  ///< without percent signs; both empty: none

  bool has_credentials() const noexcept { return !user.empty() || !password.empty(); }
  /// "host:port", for messages: without the secrets.
  std::string authority() const;
  /// "http://user:pass@host:port" or "socks5h://...", for libcurl: with the secrets.
  std::string url() const;

  bool operator==(const ProxyOptions&) const = default;
};

/// What a proxy's answer 300 to 599 to CONNECT means, for people: "HTTP 407, it wants a user and a password".
std::string proxy_refusal(int http_status, bool has_credentials);

/// "http://user:pass@host:port" (port 8080 unless given; as curl also without a scheme), "socks5://..." or "socks5h://..." (1080).
/// User and password are percent-decoded. nullopt is no proxy; `why` is then one line that quotes no secret.
/// Refused: other schemes (also https://, a TLS connection to the proxy itself), a path, and for SOCKS5 more than 255 bytes of
/// user or password (RFC 1929).
std::optional<ProxyOptions> parse_proxy(std::string_view url, std::string& why);

/// What the environment says about connections to `url`, in curl's order: https_proxy, HTTPS_PROXY for secure ones, http_proxy (in
/// lower case only: HTTP_PROXY may come from a request header) for others, then all_proxy, ALL_PROXY; an empty one is none. Hosts of
/// no_proxy, NO_PROXY go without: names (with all names under them), addresses, each with or without a port, or "*".
/// No proxy and an empty `why`: connect directly. A variable that cannot be used: `why` names it.
using Environment = std::function<const char*(const char* name)>;
std::optional<ProxyOptions> proxy_from_environment(const Url& url, const Environment& environment, std::string& why);

}  // namespace phx::net
