#include <chrono>

#include <phx/client/async.hpp>

#include "support.hpp"

using namespace phx::capi;
namespace client = phx::client;

namespace {

/// One subscription per handler that is not NULL; all share the user data.
void subscribe(phx_socket& to, const phx_socket_handlers& h, const User& user) {
  auto& socket = to.socket;
  if (h.on_open) to.handlers.push_back(socket.on_open([fn = h.on_open, user] { fn(user.get()); }));
  if (h.on_close)
    to.handlers.push_back(socket.on_close([fn = h.on_close, user](const client::ConnectionClosed& closed) {
      const phx_closed out{closed.code, to_c(closed.reason), closed.clean ? 1 : 0};
      fn(user.get(), &out);
    }));
  if (h.on_error)
    to.handlers.push_back(socket.on_error([fn = h.on_error, user](const client::ConnectionError& error) {
      const phx_connection_error out{status_of(error.code), to_c(error.message), error.http_status, error.final ? 1 : 0};
      fn(user.get(), &out);
    }));
  if (h.on_reconnecting)
    to.handlers.push_back(socket.on_reconnecting([fn = h.on_reconnecting, user](const client::Reconnecting& next) {
      const auto delay = std::chrono::ceil<std::chrono::milliseconds>(next.delay).count();
      const phx_reconnecting out{static_cast<std::uint64_t>(delay), next.attempt};
      fn(user.get(), &out);
    }));
  if (h.on_message)
    to.handlers.push_back(socket.on_message([fn = h.on_message, user](const client::Message& message) {
      const phx_message out = to_c(message);
      fn(user.get(), &out);
    }));
}

}  // namespace

phx_status phx_socket_new(phx_str url, const phx_socket_options* options, const phx_socket_handlers* handlers, phx_socket** out) {
  return guarded([&] {
    const auto h = sized(handlers, "handlers");
    const User user = own(h.user, h.drop);
    const auto in = sized(options, "options");
    auto with = options_of(in);
    required(out, "out") = nullptr;
    const auto runtime = in.poll ? client::Runtime::polled() : client::Runtime::create();
    with.runtime = runtime;
    std::unique_ptr<phx_socket> socket(
        new phx_socket{runtime, in.poll != 0, client::Socket(std::string(view(url, "url")), std::move(with))});
    subscribe(*socket, h, user);
    *out = socket.release();
  });
}

void phx_socket_free(phx_socket* socket) {
  guarded([&] { delete socket; });
}

phx_status phx_socket_connect(phx_socket* socket) {
  return guarded([&] { required(socket, "socket").socket.connect(); });
}

phx_status phx_socket_disconnect(phx_socket* socket, uint16_t code, phx_str reason) {
  return guarded([&] {
    client::CloseOptions how{.reason = std::string(view(reason, "reason"))};
    if (code != 0) how.code = code;
    required(socket, "socket").socket.disconnect(std::move(how));
  });
}

int32_t phx_socket_state(const phx_socket* socket) {
  static_assert(static_cast<int>(client::SocketState::closing) == PHX_SOCKET_CLOSING);
  return socket ? static_cast<int32_t>(socket->socket.state()) : PHX_SOCKET_CLOSED;
}

phx_status phx_socket_poll(phx_socket* socket, uint32_t timeout_ms, size_t max, size_t* ran) {
  return guarded([&] {
    if (ran) *ran = 0;
    if (!required(socket, "socket").polled) throw std::logic_error("the socket was not made with options.poll");
    const auto runtime = socket->runtime;  // a callback may free the socket
    if (timeout_ms != 0) runtime->wait_for(std::chrono::milliseconds(timeout_ms));
    const auto count = runtime->poll(max == 0 ? static_cast<std::size_t>(-1) : max);
    if (ran) *ran = count;
  });
}

phx_status phx_socket_ping(phx_socket* socket, phx_ping_fn on_pong, void* user, phx_drop_fn drop) {
  return guarded([&] {
    auto handler = [on_pong, user = own(user, drop)](std::error_code error, phx::Duration took) {
      const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
      on_pong(user.get(), status_of(error), error ? 0 : static_cast<std::uint64_t>(us));
    };
    if (!on_pong) throw std::invalid_argument("on_pong is NULL");
    required(socket, "socket").socket.async_ping(std::move(handler));
  });
}

phx_status phx_socket_suspend(phx_socket* socket, int32_t disconnect) {
  return guarded([&] { required(socket, "socket").socket.suspend({.disconnect = disconnect != 0}); });
}

phx_status phx_socket_resume(phx_socket* socket) {
  return guarded([&] { required(socket, "socket").socket.resume(); });
}

phx_status phx_socket_network_changed(phx_socket* socket) {
  return guarded([&] { required(socket, "socket").socket.network_changed(); });
}

phx_status phx_socket_metrics(const phx_socket* socket, phx_metrics* out) {
  return guarded([&] {
    const std::size_t size = required(out, "out").struct_size;
    if (size < sizeof(std::size_t)) throw std::invalid_argument("out->struct_size is not set");
    const auto m = required(socket, "socket").socket.metrics();
    const phx_metrics all{size,         m.attempts,  m.opens,      m.closes,         m.frames_in, m.bytes_in,
                          m.frames_out, m.bytes_out, m.bad_frames, m.waiting_pushes, m.in_flight, m.waiting_callbacks};
    std::memcpy(out, &all, std::min(size, sizeof all));
  });
}
