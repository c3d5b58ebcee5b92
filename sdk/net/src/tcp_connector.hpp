#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <tl/expected.hpp>

#include <phx/core/error.hpp>
#include <phx/core/time.hpp>
#include <phx/net/happy_eyeballs.hpp>
#include <phx/net/proxy.hpp>
#include <phx/net/transport.hpp>

#include "proxy_tunnel.hpp"

namespace phx::net {

using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

/// One name lookup on a thread of its own: getaddrinfo cannot be interrupted, and neither a destructor nor another lookup
/// may have to wait for it.
class NameLookup {
 public:
  using Done = std::function<void(std::error_code, Endpoints)>;

  /// Numeric addresses are answered without a thread. `done` is posted to `executor`, unless cancelled.
  NameLookup(const boost::asio::any_io_executor& executor, const std::string& host, std::uint16_t port, Done done);
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // with the lookup thread
};

struct ConnectTarget {
  std::string host;  ///< IPv6 without brackets
  std::uint16_t port = 0;
  std::optional<ProxyOptions> proxy{};  ///< then only the proxy's name is looked up here
};

struct ConnectFailure {
  Step step;
  std::error_code code;
  std::string detail{};  ///< one line; empty: the code says it all
};

/// From host and port to a connected TCP socket: lookup, a race of the addresses (HappyEyeballs), then the proxy if there is one.
class TcpConnector : public std::enable_shared_from_this<TcpConnector> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Done = std::function<void(tl::expected<Socket, ConnectFailure>)>;

  explicit TcpConnector(const boost::asio::any_io_executor& executor);

  /// `done` is called once, from the executor, never from inside start().
  void start(ConnectTarget target, Instant deadline, Done done);
  /// Races these addresses; at least one.
  void start(const Endpoints& endpoints, Instant deadline, Done done);
  void cancel();

 private:
  void on_resolved(std::error_code error, const Endpoints& endpoints);
  void race(const Endpoints& endpoints);
  void race_on();
  void begin(std::size_t attempt);
  void on_attempt(std::size_t attempt, const boost::system::error_code& error);
  void on_connected(Socket socket);
  void arm(Instant deadline);
  void on_timer();
  void fail(Step step, std::error_code code);
  void finish(tl::expected<Socket, ConnectFailure> result);

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;
  ConnectTarget target_;
  Instant deadline_;
  std::unique_ptr<NameLookup> lookup_;
  Endpoints endpoints_;  // in the order of the race
  std::optional<HappyEyeballs> race_;
  std::deque<Socket> attempts_;  // at fixed addresses; by the numbers of the race
  std::error_code last_error_;
  std::shared_ptr<ProxyTunnel> tunnel_;  // with its operations in flight
  Done done_;
};

}  // namespace phx::net
