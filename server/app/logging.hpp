#pragma once

#include <string>

#include <phx/server/observer.hpp>

namespace phx::app {

/// One line on stderr per life-cycle event, key=value; never tokens, params or payloads. Thread-safe.
class LogObserver final : public server::Observer {
 public:
  explicit LogObserver(const std::string& level);

  void socket_connected(const server::SocketConnected& e) override;
  void channel_joined(const server::ChannelJoined& e) override;
  void channel_handled_in(const server::ChannelHandledIn& e) override;
  void socket_drain(const server::SocketDrain& e) override;
  void log(const server::LogEvent& e) override;
};

}  // namespace phx::app
