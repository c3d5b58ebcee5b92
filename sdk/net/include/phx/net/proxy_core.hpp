#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <phx/core/error.hpp>
#include <phx/net/proxy.hpp>

namespace phx::net {

/// Our side of asking a proxy for a connection, as a byte machine: HTTP CONNECT with Basic (RFC 9110 9.3.6, 7617), SOCKS5 with
/// user and password (RFC 1928, 1929), names looked up by the proxy.
///
///   http:   head --2xx--> done
///   socks5: method --none wanted--> reply --0--> done
///              \--user, password--> login --ok--^         any --no, nonsense, too long--> failed
///
/// After `done` the connection is the target's. Bytes that come with the proxy's answer are refused: in our protocols the client
/// speaks first, so they cannot be the target's.
class ProxyCore {
 public:
  /// host: a name or an address, IPv6 without brackets. A host that does not fit the protocol fails in start().
  ProxyCore(ProxyOptions proxy, std::string host, std::uint16_t port);

  /// Appends the first bytes. Once, before feed().
  Result<void> start(std::string& to_proxy);
  /// True: connected. Errors: proxy_failed; every later call gives it again. Appends answers.
  Result<bool> feed(std::string_view bytes, std::string& to_proxy);

  /// One line about the error, without secrets: "HTTP 407, it wants a user and a password".
  const std::string& detail() const noexcept { return detail_; }

 private:
  enum class Phase : std::uint8_t { head, method, login, reply, done, failed };

  std::size_t on_head();  // bytes taken, zero: more are needed
  std::size_t on_method(std::string& to_proxy);
  std::size_t on_login(std::string& to_proxy);
  std::size_t on_reply();
  void check_status(std::string_view head);
  void send_request(std::string& to_proxy);
  void fail(std::string detail);

  ProxyOptions proxy_;
  std::string host_;
  std::uint16_t port_;
  std::string buffer_, detail_;
  std::size_t scanned_ = 0;  // bytes of interim heads
  Phase phase_;
};

}  // namespace phx::net
