#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <phx/core/envelope.hpp>
#include <phx/core/time.hpp>
#include <phx/core/ws/handshake.hpp>

namespace phx::net {

using core::Opcode;
using core::ws::HeaderList;

/// How far a connection came before it failed.
enum class Step : std::uint8_t { url, resolve, connect, proxy, security, handshake, open, close, request };
std::string_view to_string(Step step) noexcept;

/// What to connect to. The URL is complete: path, `/websocket`, params and `vsn` are already in it.
struct ConnectRequest {
  std::string url{};
  std::vector<std::string> subprotocols{};
  HeaderList headers{};                                 ///< further headers of the upgrade request
  Duration connect_timeout = std::chrono::seconds(10);  ///< name lookup, TCP and handshake together
};

/// Why a connection failed, with everything a person needs to act on it.
struct TransportError {
  std::error_code code{};
  Step step = Step::open;
  std::string host{};
  std::uint16_t port = 0;
  int http_status = 0;        ///< of a refused handshake
  HeaderList http_headers{};  ///< of a refused handshake; names in lower case
  std::string detail{};       ///< one line

  /// One line: "cannot connect to 127.0.0.1:4000: Connection refused".
  std::string message() const;
};

/// The end of a connection. code 1006: lost without a close frame.
struct TransportClose {
  std::uint16_t code = 1006;
  std::string reason{};
  bool clean = false;
  std::error_code why{};  ///< what broke, when something did
};

/// Hears from one transport. Order: on_open at most once, messages, on_error at most once, on_close exactly once and last.
/// A connection that never opened gives on_error, on_close.
class TransportEvents {
 public:
  virtual void on_open(std::string_view subprotocol) = 0;
  virtual void on_message(Opcode op, std::string_view data) = 0;  ///< data is borrowed for the call
  virtual void on_error(const TransportError& error) = 0;
  virtual void on_close(const TransportClose& close) = 0;
  virtual void on_blocked(bool) {}  ///< the kernel takes no more for now; or everything is written again
  virtual void on_turn(bool) {}     ///< true: several messages may follow, until false; their callbacks are woken once. May be left out

 protected:
  ~TransportEvents() = default;
};

/// One connection of a socket: opened once, closed once, never used again. Every call comes from the owner's executor.
/// Destroying it closes the connection at once and silences it. Events are never delivered from inside these functions.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void open(const ConnectRequest& request) = 0;
  virtual void send(Opcode op, std::string_view data) = 0;
  /// Starts the closing handshake; without a code a close frame without one. on_close follows, within the transport's own time limit.
  virtual void close(std::optional<std::uint16_t> code, std::string_view reason) = 0;
  /// Bytes accepted by send() and not yet given to the kernel.
  virtual std::size_t buffered_bytes() const = 0;
};

}  // namespace phx::net
