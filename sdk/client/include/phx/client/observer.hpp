#pragma once

#include <cstddef>
#include <string_view>
#include <system_error>

#include <phx/client/metrics.hpp>

namespace phx::client {

struct ConnectionClosed;
struct ConnectionError;
struct Reconnecting;

/// Hears of everything that a socket does, for logs, traces and metrics. Called on the socket's I/O thread, in the order of events:
/// it must not block, and calling the socket is not what it is for. Views are borrowed for the call. Override what is of interest.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void socket_connecting(core::OpenReason, core::TransportKind) noexcept {}
  virtual void socket_opened(std::uint32_t /*establishments*/) noexcept {}
  virtual void socket_closed(const ConnectionClosed&) noexcept {}
  virtual void socket_error(const ConnectionError&) noexcept {}
  virtual void reconnect_scheduled(const Reconnecting&) noexcept {}
  virtual void heartbeat(Duration /*round_trip*/) noexcept {}
  virtual void channel_changed(std::string_view /*topic*/, core::ChannelState /*from*/, core::ChannelState /*to*/) noexcept {}
  virtual void message_received(std::string_view /*topic*/, std::string_view /*event*/, std::size_t /*payload_bytes*/) noexcept {}
  virtual void pushed(std::string_view /*topic*/, std::string_view /*event*/, std::size_t /*payload_bytes*/) noexcept {}
  virtual void push_replied(std::string_view /*topic*/, std::string_view /*event*/, std::string_view /*status*/, Duration) noexcept {}
  /// A presence message that was not applied, see Presence::on_error.
  virtual void presence_failed(std::string_view /*topic*/, std::error_code) noexcept {}
  virtual void push_failed(std::string_view /*topic*/, std::string_view /*event*/, std::error_code) noexcept {}
};

}  // namespace phx::client
