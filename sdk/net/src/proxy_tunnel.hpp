#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <system_error>

#include <boost/asio/ip/tcp.hpp>

#include <tl/expected.hpp>

#include <phx/net/proxy_core.hpp>

namespace phx::net {

struct ProxyFailure {
  std::error_code code;
  std::string detail;
};

/// The shell around a ProxyCore: from a socket connected to the proxy to one that is connected to the target. The time limit is
/// the owner's.
class ProxyTunnel : public std::enable_shared_from_this<ProxyTunnel> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Done = std::function<void(tl::expected<Socket, ProxyFailure>)>;

  ProxyTunnel(Socket socket, ProxyCore core) : socket_(std::move(socket)), core_(std::move(core)) {}

  /// `done` is called once; also from inside, when the target cannot be asked for at all.
  void start(Done done);
  /// `done` is not called any more.
  void cancel();

 private:
  void write();
  void read();
  void on_read(const boost::system::error_code& error, std::size_t n);
  void finish(tl::expected<Socket, ProxyFailure> result);

  Socket socket_;
  ProxyCore core_;
  std::string out_;
  std::array<char, 2048> in_{};
  Done done_;
};

}  // namespace phx::net
