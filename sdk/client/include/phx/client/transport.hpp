#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <phx/net/transport.hpp>

namespace phx::client {

using net::ConnectRequest;
using net::Transport;
using net::TransportClose;
using net::TransportError;
using net::TransportEvents;

/// What a transport of the user's own gets. Every event must be given from inside a task run by `post`. A whole one:
/// docs/examples/own_transport.cpp.
struct TransportContext {
  TransportEvents& events;  ///< lives as long as the transport
  /// Runs the task on the socket's strand, unless the transport is gone by then. Any thread.
  std::function<void(std::function<void()>)> post;
};

/// Makes one transport per connection attempt.
using TransportFactory = std::function<std::unique_ptr<Transport>(const TransportContext&)>;

enum class TransportMode : std::uint8_t {
  websocket,
  longpoll,   ///< HTTP requests only
  automatic,  ///< WebSocket; long-poll when that does not work (Policy::fallback says for how long)
};

/// One of ours, or a function that makes a transport of the user's own.
class TransportChoice {
 public:
  TransportChoice(TransportMode mode = TransportMode::websocket) : mode_(mode) {}
  template <class F>
    requires(std::is_invocable_r_v<std::unique_ptr<Transport>, F&, const TransportContext&>)
  TransportChoice(F factory) : factory_(std::move(factory)) {}

  TransportMode mode() const noexcept { return mode_; }
  const TransportFactory& factory() const noexcept { return factory_; }

 private:
  TransportMode mode_ = TransportMode::websocket;
  TransportFactory factory_;
};

}  // namespace phx::client
