#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <phx/core/ws/frame.hpp>

namespace phx::server::test {

using core::ws::FrameOp;

/// A blocking client socket; every wait ends after ten seconds.
class Client {
 public:
  explicit Client(std::uint16_t port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  /// Exactly n bytes, or fewer when the connection ends.
  std::string read(std::size_t n) {
    std::string out;
    while (out.size() < n && more(out, n - out.size())) {}
    return out;
  }
  std::string read_until(std::string_view end) {
    std::string out;
    while (!out.ends_with(end) && more(out, 1)) {}
    return out;
  }
  /// Everything up to the end of the connection.
  std::string read_all() {
    std::string out;
    while (more(out, 65536)) {}
    return out;
  }

  static std::string upgrade(const std::string& socket = "/echo") {
    return "GET " + socket +
           "/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  }
  bool open(const std::string& socket = "/echo") {
    send(upgrade(socket));
    return read_until("\r\n\r\n").starts_with("HTTP/1.1 101");
  }
  void send_text(std::string_view text) {
    std::string frame;
    core::ws::append_frame(frame, FrameOp::text, text, 0x11223344u);
    send(frame);
  }

 private:
  bool more(std::string& out, std::size_t n) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, 10'000) != 1) return ADD_FAILURE() << "nothing arrived in time", false;
    const auto at = out.size();
    out.resize(at + n);
    const auto got = ::recv(fd_, out.data() + at, n, 0);
    out.resize(at + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return got > 0;
  }
  int fd_;
  bool connected_ = false;
};

inline std::string frame(FrameOp op, std::string_view payload) {
  std::string out;
  core::ws::append_frame(out, op, payload);
  return out;
}
inline std::string close_frame(std::uint16_t code) { return frame(FrameOp::close, core::ws::close_payload(code)); }

}  // namespace phx::server::test
