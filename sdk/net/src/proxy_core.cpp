#include <phx/net/proxy_core.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include <phx/core/base64.hpp>

namespace phx::net {
namespace {

constexpr std::size_t max_head = 16 * 1024;
constexpr char socks_version = 5, login_version = 1;
constexpr char no_login = 0, password_login = 2, no_method = '\xff';

std::string bracketed(const std::string& host) { return host.find(':') == host.npos ? host : '[' + host + ']'; }

/// RFC 1928 6.
std::string socks_refusal(unsigned char code) {
  constexpr std::array<const char*, 9> names{"",
                                             "general failure",
                                             "not allowed by its rules",
                                             "network unreachable",
                                             "host unreachable",
                                             "connection refused by the host",
                                             "time to live expired",
                                             "command not supported",
                                             "address type not supported"};
  return std::string(code < names.size() ? names[code] : "unknown refusal") + " (SOCKS code " + std::to_string(code) + ")";
}

/// The text after the status of an HTTP status line, when it is fit to print.
std::string reason_of(std::string_view line) {
  const auto reason = line.substr(std::min<std::size_t>(line.size(), 13));
  const bool plain = std::ranges::all_of(reason, [](char c) { return c >= ' ' && c <= '~'; });
  return plain && !reason.empty() && reason.size() <= 100 ? " " + std::string(reason) : std::string();
}

}  // namespace

ProxyCore::ProxyCore(ProxyOptions proxy, std::string host, std::uint16_t port)
    : proxy_(std::move(proxy)),
      host_(std::move(host)),
      port_(port),
      phase_(proxy_.kind == ProxyOptions::Kind::http ? Phase::head : Phase::method) {}

void ProxyCore::fail(std::string detail) {
  phase_ = Phase::failed;
  detail_ = std::move(detail);
}

Result<void> ProxyCore::start(std::string& to_proxy) {
  const bool sendable = std::ranges::all_of(host_, [](char c) { return c > ' ' && c < '\x7f'; });
  if (host_.empty() || host_.size() > 255 || !sendable) {
    fail("it cannot be given a host name like this");
    return failure(Errc::proxy_failed);
  }
  if (proxy_.kind == ProxyOptions::Kind::socks5) {
    to_proxy += {socks_version, proxy_.has_credentials() ? char{2} : char{1}, no_login};
    if (proxy_.has_credentials()) to_proxy += password_login;
    return {};
  }
  const std::string target = bracketed(host_) + ':' + std::to_string(port_);
  to_proxy += "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (proxy_.has_credentials())
    to_proxy += "Proxy-Authorization: Basic " + core::base64_encode(proxy_.user + ':' + proxy_.password) + "\r\n";
  to_proxy += "\r\n";
  return {};
}

Result<bool> ProxyCore::feed(std::string_view bytes, std::string& to_proxy) {
  buffer_ += bytes;
  std::size_t taken = 1;
  while (taken != 0 && phase_ != Phase::done && phase_ != Phase::failed) {
    switch (phase_) {
      case Phase::head: taken = on_head(); break;
      case Phase::method: taken = on_method(to_proxy); break;
      case Phase::login: taken = on_login(to_proxy); break;
      case Phase::reply: taken = on_reply(); break;
      case Phase::done:
      case Phase::failed: break;
    }
    buffer_.erase(0, taken);
  }
  if (phase_ == Phase::done && !buffer_.empty()) fail("it sent bytes behind its answer");
  if (phase_ == Phase::failed) return failure(Errc::proxy_failed);
  return phase_ == Phase::done;
}

// ---- HTTP ----

std::size_t ProxyCore::on_head() {
  constexpr std::string_view start = "HTTP/1.";
  if (!start.starts_with(std::string_view(buffer_).substr(0, start.size()))) {
    fail("its answer is no HTTP");
    return 0;
  }
  const auto end = buffer_.find("\r\n\r\n");
  if (scanned_ + std::min(end, buffer_.size()) > max_head) {
    fail("its answer has more than 16 KiB of headers");
    return 0;
  }
  if (end == buffer_.npos) return 0;
  check_status(std::string_view(buffer_).substr(0, buffer_.find("\r\n")));
  scanned_ += end + 4;
  return end + 4;
}

void ProxyCore::check_status(std::string_view line) {
  int status = 0;
  const auto digits = line.substr(std::min<std::size_t>(line.size(), 9), 3);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), status);
  const bool well_formed = line.size() >= 12 && line[8] == ' ' && error == std::errc{} && end == digits.data() + 3 &&
                           (line.size() == 12 || line[12] == ' ') && status >= 100;
  if (!well_formed) return fail("its answer is no HTTP");
  if (status < 200) return;  // interim: another head follows
  if (status < 300) {
    phase_ = Phase::done;  // what headers say about a body does not count (RFC 9110 9.3.6)
    return;
  }
  fail(proxy_refusal(status, proxy_.has_credentials()) + (status == 407 ? "" : reason_of(line)));
}

// ---- SOCKS5 ----

std::size_t ProxyCore::on_method(std::string& to_proxy) {
  if (!buffer_.empty() && buffer_[0] != socks_version) {
    fail("it does not speak SOCKS5");
    return 0;
  }
  if (buffer_.size() < 2) return 0;
  const char method = buffer_[1];
  if (method == no_login) {
    send_request(to_proxy);
  } else if (method == password_login && proxy_.has_credentials()) {
    to_proxy += {login_version, static_cast<char>(proxy_.user.size())};
    to_proxy += proxy_.user;
    to_proxy += static_cast<char>(proxy_.password.size());
    to_proxy += proxy_.password;
    phase_ = Phase::login;
  } else if (method == no_method) {
    fail(proxy_.has_credentials() ? "it takes no user and password" : "it wants a user and a password");
  } else {
    fail("it chose a way to log in that was not offered");
  }
  return 2;
}

std::size_t ProxyCore::on_login(std::string& to_proxy) {
  if (!buffer_.empty() && buffer_[0] != login_version && buffer_[0] != socks_version) {  // some servers answer with the wrong version
    fail("it does not speak SOCKS5");
    return 0;
  }
  if (buffer_.size() < 2) return 0;
  if (buffer_[1] == 0) {
    send_request(to_proxy);
  } else {
    fail("it does not take this user and password");
  }
  return 2;
}

void ProxyCore::send_request(std::string& to_proxy) {
  to_proxy += {socks_version, char{1}, char{0}};
  boost::system::error_code is_name;
  const auto address = boost::asio::ip::make_address(host_, is_name);
  if (is_name) {
    to_proxy += {char{3}, static_cast<char>(host_.size())};
    to_proxy += host_;
  } else if (address.is_v4()) {
    to_proxy += char{1};
    for (const unsigned char byte : address.to_v4().to_bytes()) to_proxy += static_cast<char>(byte);
  } else {
    to_proxy += char{4};
    for (const unsigned char byte : address.to_v6().to_bytes()) to_proxy += static_cast<char>(byte);
  }
  to_proxy += {static_cast<char>(port_ >> 8), static_cast<char>(port_ & 0xff)};
  phase_ = Phase::reply;
}

std::size_t ProxyCore::on_reply() {
  if (!buffer_.empty() && buffer_[0] != socks_version) {
    fail("it does not speak SOCKS5");
    return 0;
  }
  if (buffer_.size() < 2) return 0;
  if (buffer_[1] != 0) {  // some servers end a refusal here
    fail(socks_refusal(static_cast<unsigned char>(buffer_[1])));
    return 0;
  }
  if (buffer_.size() < 5) return 0;
  std::size_t address = 0;
  switch (buffer_[3]) {
    case 1: address = 4; break;
    case 3: address = 1 + static_cast<unsigned char>(buffer_[4]); break;
    case 4: address = 16; break;
    default: fail("its answer has an address of an unknown type"); return 0;
  }
  const std::size_t size = 4 + address + 2;
  if (buffer_.size() < size) return 0;
  phase_ = Phase::done;
  return size;
}

}  // namespace phx::net
