#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include <phx/core/time.hpp>
#include <phx/core/ws/websocket_core.hpp>
#include <phx/net/http_client.hpp>
#include <phx/net/transport.hpp>

namespace boost::asio {
class any_io_executor;
}

namespace phx::net {

struct LongPollTransportOptions {
  HttpClientOptions http{};
  Duration timeout = std::chrono::seconds(20);  ///< of one request
  bool token_in_header = false;                 ///< D-21
  bool ndjson = true;                           ///< false: for serializer V1
  std::size_t max_body_bytes = 128u << 20;      ///< of one answer
  core::ws::FrameTap* tap = nullptr;            ///< sees messages as if they were frames; outlives the transport
};

/// Phoenix's long-poll over HTTP as a connection: the shell of core::LongPollCore. Takes the same ConnectRequest as the WebSocket: the
/// URL's `/websocket` becomes `/longpoll`, a token among the subprotocols becomes a header. on_open says that there is a session;
/// close() delivers what was sent before. Cookies of the server are kept from request to request.
/// `events` is borrowed until on_close or destruction. One executor that runs one handler at a time.
class LongPollTransport final : public Transport {
 public:
  LongPollTransport(const boost::asio::any_io_executor& executor, TransportEvents& events, LongPollTransportOptions options = {});
  ~LongPollTransport() override;

  /// Throws std::invalid_argument for headers that cannot be sent.
  void open(const ConnectRequest& request) override;
  void send(Opcode op, std::string_view data) override;
  void close(std::optional<std::uint16_t> code, std::string_view reason) override;
  std::size_t buffered_bytes() const override;

 private:
  class Session;
  std::shared_ptr<Session> session_;  // shared with its operations in flight
};

}  // namespace phx::net
