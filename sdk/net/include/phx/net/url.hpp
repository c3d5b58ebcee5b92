#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <phx/core/error.hpp>

namespace phx::net {

/// The parts of a WebSocket or HTTP URL that a connection needs. No user info, no fragment.
struct Url {
  std::string scheme;  ///< ws, wss, http or https; lower case
  std::string host;    ///< IPv6 without brackets
  std::uint16_t port = 0;
  std::string path;   ///< starts with '/', as written
  std::string query;  ///< without '?', as written

  bool secure() const noexcept { return scheme == "wss" || scheme == "https"; }
  std::uint16_t default_port() const noexcept { return secure() ? 443 : 80; }
  /// `host`, or `host:port` when the port is not the scheme's own; IPv6 in brackets.
  std::string authority() const;
  /// Path and query, as they stand in a request line.
  std::string target() const;
  std::string text() const;

  bool operator==(const Url&) const = default;
};

/// Errors: bad_url (no or other scheme, no host, port out of range, spaces or control characters). A fragment is dropped,
/// user info is refused: secrets in URLs end up in logs.
Result<Url> parse_url(std::string_view text);

}  // namespace phx::net
