#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <tl/expected.hpp>

#include <phx/core/error.hpp>
#include <phx/core/time.hpp>
#include <phx/net/transport.hpp>

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

struct ConnectFailure {
  Step step;
  std::error_code code;
};

/// From host and port to a connected TCP socket: all addresses in order, each with its share of the time that is left.
class TcpConnector : public std::enable_shared_from_this<TcpConnector> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Done = std::function<void(tl::expected<Socket, ConnectFailure>)>;

  explicit TcpConnector(const boost::asio::any_io_executor& executor);

  /// `done` is called once, from the executor, never from inside start().
  void start(const std::string& host, std::uint16_t port, Instant deadline, Done done);
  void cancel();

 private:
  void on_resolved(std::error_code error, Endpoints endpoints);
  void try_next();
  void on_connected(const boost::system::error_code& error);
  void arm(Instant deadline);
  void on_timer();
  void finish(tl::expected<Socket, ConnectFailure> result);

  boost::asio::any_io_executor executor_;
  Socket socket_;
  boost::asio::steady_timer timer_;
  Instant deadline_;
  Endpoints endpoints_;
  std::size_t next_ = 0;
  bool attempt_timed_out_ = false;
  std::unique_ptr<NameLookup> lookup_;
  Done done_;
};

}  // namespace phx::net
