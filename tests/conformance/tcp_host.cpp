#include "conformance/tcp_host.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "support/fixture_endpoint.hpp"

namespace phx::conformance {

namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

class TcpStream final : public Stream {
 public:
  explicit TcpStream(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) fail("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(fd_);
      fail("connect");
    }
  }
  ~TcpStream() override { ::close(fd_); }
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;

  void write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) return;  // the server went first; reading tells how
      if (n < 0) fail("send");
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  Read read(std::string& into, milliseconds wait) override {
    pollfd waiting{fd_, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(wait.count()));
    if (ready < 0) fail("poll");
    if (ready == 0) return Read::silence;
    std::array<char, 65'536> buffer;
    const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (n < 0) fail("recv");
    if (n == 0) return Read::end;
    into.append(buffer.data(), static_cast<std::size_t>(n));
    return Read::data;
  }

 private:
  int fd_;
};

}  // namespace

std::unique_ptr<Stream> TcpHost::dial() { return std::make_unique<TcpStream>(port_); }

void TcpHost::pause(milliseconds time) { std::this_thread::sleep_for(time); }

InProcessHost::InProcessHost()
    : TcpHost(0), endpoint_([this] {
        auto options = fixture::endpoint_options(app_, [this] { stop_wanted_.release(); });
        options.workers = 2;
        return options;
      }()) {
  if (const auto started = endpoint_.start(); !started) throw std::system_error(started.error(), "endpoint");
  port_ = endpoint_.port();
  stopper_ = std::thread([this] {
    stop_wanted_.acquire();
    endpoint_.stop();
  });
}

InProcessHost::~InProcessHost() {
  stop_wanted_.release();
  stopper_.join();
}

}  // namespace phx::conformance
