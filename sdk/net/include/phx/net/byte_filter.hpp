#pragma once

#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace phx::net {

/// A byte machine between TCP and the WebSocket: TLS. Reads no clock, does no I/O. One per connection.
/// An error ends the connection.
class ByteFilter {
 public:
  virtual ~ByteFilter() = default;

  /// Once, when TCP is connected. Appends what must be sent first.
  virtual std::error_code start(std::string& to_wire) = 0;
  /// True when plain bytes may be sent.
  virtual bool ready() const noexcept = 0;
  /// Bytes of the peer. Appends plain bytes, and answers of the filter's own.
  virtual std::error_code from_wire(std::span<const char> wire, std::string& plain, std::string& to_wire) = 0;
  virtual std::error_code to_wire(std::string_view plain, std::string& to_wire) = 0;
  /// The peer will send no more plain bytes.
  virtual bool ended() const noexcept { return false; }
  /// After our last plain bytes; a second time does nothing.
  virtual void finish(std::string& /*to_wire*/) {}
  /// One line about the last error; empty: its code says it all.
  virtual std::string detail() const { return {}; }
};

}  // namespace phx::net
