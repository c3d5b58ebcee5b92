#include "acceptor.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace phx::server {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

constexpr int accepts_per_turn = 256;
constexpr auto retry_delay = std::chrono::milliseconds(100);

/// Not worth another try at once: out of descriptors or memory.
bool is_shortage(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

Conn::Peer peer_of(const sockaddr_storage& address, socklen_t size) {
  tcp::endpoint endpoint;
  endpoint.resize(size);
  std::memcpy(endpoint.data(), &address, size);
  return {endpoint.address().to_string(), endpoint.port()};
}

}  // namespace

Acceptor::Acceptor(asio::io_context& context, Observer& observer, Accepted accepted)
    : acceptor_(context), retry_(context), observer_(observer), accepted_(std::move(accepted)) {}

std::error_code Acceptor::listen(const std::string& host, std::uint16_t port) {
  boost::system::error_code ec;
  tcp::resolver resolver(acceptor_.get_executor());
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, ec);
  if (ec) return ec;
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (!ec) acceptor_.native_non_blocking(true, ec);
  if (ec) return ec;
  port_ = acceptor_.local_endpoint().port();
  wait();
  return {};
}

void Acceptor::close() {
  boost::system::error_code ignored;  // nothing can be done about a listener that does not close
  acceptor_.close(ignored);
  retry_.cancel();
}

void Acceptor::wait() {
  acceptor_.async_wait(tcp::acceptor::wait_read, [this](boost::system::error_code ec) {
    if (!ec) accept_all();
  });
}

void Acceptor::accept_all() {
  for (int i = 0; i < accepts_per_turn; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int fd = ::accept4(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && is_shortage(errno)) return retry_later(errno);
    if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (fd < 0) continue;  // that connection is gone already
    starved_ = false;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    accepted_(fd, peer_of(address, size));
  }
  wait();
}

void Acceptor::retry_later(int error) {
  if (!std::exchange(starved_, true)) {
    const auto why = std::system_category().message(error);
    observer_.log({Level::error, "accept failed", {}, why});
  }
  retry_.expires_after(retry_delay);
  retry_.async_wait([this](boost::system::error_code ec) {
    if (!ec) wait();
  });
}

}  // namespace phx::server
