#include <phx/net/transport.hpp>

namespace phx::net {

std::string_view to_string(Step step) noexcept {
  switch (step) {
    case Step::url: return "url";
    case Step::resolve: return "resolve";
    case Step::connect: return "connect";
    case Step::proxy: return "proxy";
    case Step::security: return "security";
    case Step::handshake: return "handshake";
    case Step::open: return "open";
    case Step::close: return "close";
    case Step::request: return "request";
  }
  return "unknown";
}

std::string TransportError::message() const {
  const std::string peer = (host.find(':') == host.npos ? host : '[' + host + ']') + ':' + std::to_string(port);
  std::string why = detail.empty() ? code.message() : detail;
  switch (step) {
    case Step::url: return "cannot use this URL: " + why;
    case Step::resolve: return "cannot find host " + host + ": " + why;
    case Step::connect:
    case Step::proxy: return "cannot connect to " + peer + ": " + why;
    case Step::security: return "cannot secure the connection to " + peer + ": " + why;
    case Step::handshake:
      if (http_status != 0)
        return peer + " refused the WebSocket handshake: HTTP " + std::to_string(http_status) + (detail.empty() ? "" : ", " + detail);
      return "WebSocket handshake with " + peer + " failed: " + why;
    case Step::open: return "connection to " + peer + " broke: " + why;
    case Step::close: return "closing the connection to " + peer + " failed: " + why;
    case Step::request: return "request to " + peer + " failed: " + why;
  }
  return why;
}

}  // namespace phx::net
