#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include <phx/client/options.hpp>
#include <phx/client/payload.hpp>
#include <phx/net/proxy.hpp>
#include <phx/net/tls_filter.hpp>

#include "backlog.hpp"
#include "callback_queue.hpp"
#include "handlers.hpp"
#include "inbox.hpp"
#include "monitor.hpp"

namespace phx::client::detail {

/// What a Socket, its channels and its session have in common: values, the callback queue and the way to the strand.
class SocketShared {
 public:
  SocketShared(std::string socket_url, SocketOptions socket_options, std::optional<net::ProxyOptions> via, Executor callbacks,
               int callbacks_per_turn)
      : url(std::move(socket_url)),
        options(std::move(socket_options)),
        proxy(std::move(via)),
        queue(std::make_shared<CallbackQueue>(std::move(callbacks), callbacks_per_turn, options.on_callback_error)) {}

  const std::string url;
  const SocketOptions options;                   ///< without the runtime: only the Socket holds that
  const std::optional<net::ProxyOptions> proxy;  ///< what the options say, read
  const std::shared_ptr<CallbackQueue> queue;
  /// TLS for all connections of the socket, so that they resume sessions; used on the strand.
  const std::function<std::unique_ptr<net::ByteFilter>(const net::Url&)> tls = net::tls_filters(options.tls);
  const std::shared_ptr<Backlog> backlog = std::make_shared<Backlog>(options.max_waiting_messages, options.max_waiting_bytes);
  /// Pushes and pings in the inbox. Everything else in it is never refused: there is little of it, and a lost leave would be wrong for ever.
  const std::shared_ptr<Backlog> pending = std::make_shared<Backlog>(options.max_pending_pushes, options.max_pending_bytes);
  Inbox inbox;
  Monitor monitor{options.observer};

  Handlers<> opens;
  Handlers<const ConnectionClosed&> closes;
  Handlers<const ConnectionError&> errors;
  Handlers<const Reconnecting&> reconnects;
  Handlers<const Message&> messages;

  std::atomic<SocketState> state = SocketState::closed;
  std::atomic<core::TransportKind> transport = core::TransportKind::websocket;
};

}  // namespace phx::client::detail
