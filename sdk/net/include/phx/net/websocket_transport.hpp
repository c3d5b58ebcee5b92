#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include <phx/core/ws/frame.hpp>
#include <phx/core/ws/websocket_core.hpp>
#include <phx/net/byte_filter.hpp>
#include <phx/net/proxy.hpp>
#include <phx/net/transport.hpp>
#include <phx/net/url.hpp>

namespace boost::asio {
class any_io_executor;
}

namespace phx::net {

struct WebSocketOptions {
  core::ws::Limits limits{.max_frame = 64u << 20, .max_message = 64u << 20, .allow_empty_continuation = true};
  /// From close() to on_close, and how long the peer may take to close TCP after the closing handshake.
  Duration close_timeout = std::chrono::seconds(2);
  core::ws::FrameTap* tap = nullptr;                ///< owned elsewhere; outlives the transport
  std::optional<core::ws::DeflateOffer> deflate{};  ///< permessage-deflate is offered so, and used when the server agrees
  std::optional<ProxyOptions> proxy{};              ///< asked for the connection; TLS and WebSocket then go through it
  /// Makes the filter of a connection to a `wss` URL. Without one such a connection fails: it never silently goes plain.
  std::function<std::unique_ptr<ByteFilter>(const Url&)> secure_filter{};
};

/// WebSocket over TCP, on one executor that runs one handler at a time (a strand, or an io_context with one thread).
///
///   idle -> resolving -> connecting -> [proxy] -> [securing] -> handshaking -> open -> closing -> draining -> closed
///
/// Races the addresses of a name (RFC 8305). Everything sent in one turn leaves in one non-blocking send.
/// An idle connection holds no read buffer. `events` is borrowed until on_close or destruction.
class WebSocketTransport final : public Transport {
 public:
  WebSocketTransport(const boost::asio::any_io_executor& executor, TransportEvents& events, WebSocketOptions options = {});
  ~WebSocketTransport() override;

  void open(const ConnectRequest& request) override;
  void send(Opcode op, std::string_view data) override;
  void close(std::optional<std::uint16_t> code, std::string_view reason) override;
  std::size_t buffered_bytes() const override;

 private:
  class Connection;
  std::shared_ptr<Connection> connection_;  // shared with its operations in flight
};

}  // namespace phx::net
