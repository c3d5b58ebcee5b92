#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <system_error>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <phx/server/conn.hpp>
#include <phx/server/observer.hpp>

namespace phx::server {

/// The listening socket. One for all workers, which hands sockets on in turn: with SO_REUSEPORT the kernel would choose by a
/// hash of the addresses, and the few connections of a load generator or a proxy may then all meet on one core.
class Acceptor {
 public:
  using Accepted = std::function<void(int fd, Conn::Peer peer)>;

  Acceptor(boost::asio::io_context& context, Observer& observer, Accepted accepted);

  /// Binds and listens; accepting begins with the context.
  std::error_code listen(const std::string& host, std::uint16_t port);
  std::uint16_t port() const noexcept { return port_; }
  /// On the thread of the context.
  void close();

 private:
  void wait();
  void accept_all();
  void retry_later(int error);

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  Observer& observer_;
  Accepted accepted_;
  std::uint16_t port_ = 0;
  bool starved_ = false;  // the last accept failed for want of resources; said once
};

}  // namespace phx::server
