#include <phx/core/error.hpp>

#include <string>

namespace phx {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "phx"; }
  std::string message(int value) const override { return text(static_cast<Errc>(value)); }

 private:
  static const char* text(Errc e) noexcept {
    switch (e) {
      case Errc::bad_envelope: return "not a Phoenix message";
      case Errc::bad_json: return "payload is not valid JSON";
      case Errc::field_too_long: return "a field of a binary frame is longer than 255 bytes";
      case Errc::binary_unsupported: return "this serializer has no binary messages";
      case Errc::frame_too_large: return "WebSocket frame above the size limit";
      case Errc::message_too_large: return "WebSocket message above the limits";
      case Errc::protocol_error: return "the peer violated the WebSocket protocol";
      case Errc::invalid_utf8: return "text is not valid UTF-8";
      case Errc::handshake_refused: return "the server refused the WebSocket handshake";
      case Errc::handshake_invalid: return "the server's WebSocket handshake is invalid";
      case Errc::header_too_large: return "HTTP headers above the limits";
      case Errc::bad_request: return "malformed HTTP request";
      case Errc::connection_closed: return "connection closed";
      case Errc::connect_timeout: return "no connection within the time limit";
      case Errc::join_timeout: return "no answer to the join within the time limit";
      case Errc::push_timeout: return "no reply to the push within the time limit";
      case Errc::heartbeat_timeout: return "no answer to the heartbeat";
      case Errc::channel_closed: return "the channel is closed";
      case Errc::queue_full: return "the queue is full";
      case Errc::unauthorized: return "unauthorized";
      case Errc::cancelled: return "cancelled";
      case Errc::bad_url: return "not a usable URL";
      case Errc::bad_deflate: return "a compressed message cannot be inflated";
      case Errc::tls_failed: return "TLS failed";
      case Errc::proxy_failed: return "the proxy does not make the connection";
      case Errc::credentials_timeout: return "no credentials within the time limit";
      case Errc::gave_up: return "no further attempt is made";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc e) noexcept {
  static const Category category;
  return {static_cast<int>(e), category};
}

}  // namespace phx
