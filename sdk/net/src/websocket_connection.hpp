#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <phx/core/ws/handshake.hpp>
#include <phx/core/ws/websocket_core.hpp>
#include <phx/net/websocket_transport.hpp>

#include "tcp_connector.hpp"

namespace phx::net {

/// What a WebSocketTransport owns together with its operations in flight. `events_` is null once the transport is gone or
/// has reported its end; everything that runs later is then silent.
class WebSocketTransport::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(const boost::asio::any_io_executor& executor, TransportEvents& events, WebSocketOptions options);

  void open(const ConnectRequest& request);
  void send(Opcode op, std::string_view data);
  void close(std::optional<std::uint16_t> code, std::string_view reason);
  void abandon();
  std::size_t buffered_bytes() const { return plain_.size() + wire_.size() - sent_; }

 private:
  enum class Phase { idle, connecting, securing, handshaking, open, draining, closed };

  // opening (websocket_opening.cpp)
  void on_connected(tl::expected<boost::asio::ip::tcp::socket, ConnectFailure> result);
  bool secure();
  void begin_handshake();
  void on_handshake_bytes(std::span<char> bytes);
  void on_answer();
  void on_refused();

  // running
  void wait_readable();
  void on_readable(std::size_t n);
  boost::system::error_code read_on();
  void on_bytes(std::span<char> wire);
  void on_plain(std::span<char> bytes);
  void deliver();
  void on_event(const core::ws::WebSocketCore::Message& message);
  void on_event(const core::ws::WebSocketCore::Ping&) {}
  void on_event(const core::ws::WebSocketCore::Pong&) {}
  void on_event(const core::ws::WebSocketCore::Closed& closed);
  void on_end_of_stream(const boost::system::error_code& error);

  // writing
  void schedule_flush();
  void flush();
  void wait_writable();

  // ending
  void arm(Duration delay);
  void on_timer();
  void fail(Step step, std::error_code code, std::string detail = {});
  void report(Step step, std::error_code code, std::string detail);
  void finish();
  template <class F>
  void post(F&& work) {
    boost::asio::post(executor_, [weak = weak_from_this(), work = std::forward<F>(work)] {
      const auto self = weak.lock();
      if (self && self->phase_ != Phase::closed) work(*self);
    });
  }

  boost::asio::any_io_executor executor_;
  TransportEvents* events_;
  WebSocketOptions options_;
  Url url_;
  Phase phase_ = Phase::idle;
  Instant connect_deadline_{};
  std::shared_ptr<TcpConnector> connector_;  // with its operations in flight
  std::optional<boost::asio::ip::tcp::socket> socket_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<ByteFilter> filter_;
  std::unique_ptr<core::ws::ClientHandshake> handshake_;
  core::ws::ClientHandshakeOptions handshake_options_;
  std::unique_ptr<core::ws::DeflateContext> deflate_;  // once negotiated; borrowed by core_
  std::optional<core::ws::WebSocketCore> core_;
  std::array<char, 1024> first_;  // of each read; more goes through a buffer on the stack, so that an idle connection holds no more
  TransportClose end_;            // what on_close will say
  std::string plain_;             // to be sent, before the filter
  std::string wire_;              // to be sent; without a filter plain_ is swapped into it
  std::size_t sent_ = 0;          // how much of wire_ the kernel has
  bool flush_scheduled_ = false;
  bool awaits_writable_ = false;
  bool blocked_ = false;       // the owner was told so
  bool in_read_turn_ = false;  // flush once at its end
  bool write_ended_ = false;   // our half is shut down, or a write failed: what is left to send goes nowhere
};

}  // namespace phx::net
