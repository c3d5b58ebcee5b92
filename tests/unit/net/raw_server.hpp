#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <phx/core/ws/handshake.hpp>

namespace phx::test {

/// One blocking TCP connection played by a script, on a thread of its own.
class RawServer {
 public:
  class Peer {
   public:
    explicit Peer(int fd) : fd_(fd) {}
    void write(std::string_view bytes) {
      while (!bytes.empty()) {
        const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(n));
      }
    }
    /// Some bytes; empty at the end of the stream.
    std::string read() {
      std::array<char, 4096> buffer;
      const auto n = ::recv(fd_, buffer.data(), buffer.size(), 0);
      return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : std::string();
    }
    std::string read_until(std::string_view end) {
      std::string all, piece;
      while (all.find(end) == all.npos && !(piece = read()).empty()) all += piece;
      return all;
    }
    /// Until the peer has closed.
    std::string read_all() {
      std::string all, piece;
      while (!(piece = read()).empty()) all += piece;
      return all;
    }

   private:
    int fd_;
  };

  explicit RawServer(std::function<void(Peer&)> script) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 4) != 0 || ::getsockname(listener_, generic, &size) != 0)
      throw std::runtime_error("RawServer: cannot listen");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, script = std::move(script)] {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      Peer peer(fd);
      script(peer);
      ::close(fd);
    });
  }
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::uint16_t port() const noexcept { return port_; }
  std::string url(std::string_view scheme = "ws") const { return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_) + "/x?y=1"; }

 private:
  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// The answer that accepts the handshake in `head`.
inline std::string accept_upgrade(const std::string& head) {
  const std::string name = "Sec-WebSocket-Key: ";
  const auto at = head.find(name) + name.size();
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
         core::ws::accept_value(head.substr(at, head.find("\r\n", at) - at)) + "\r\n\r\n";
}

}  // namespace phx::test
