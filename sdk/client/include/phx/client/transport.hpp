#pragma once

#include <functional>
#include <memory>

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

}  // namespace phx::client
