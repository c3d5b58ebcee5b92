#include <phx/net/websocket_transport.hpp>

#include <array>
#include <utility>

#include <boost/asio/error.hpp>

#include "websocket_connection.hpp"

namespace phx::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr int reads_per_turn = 8;                // then other sockets of the executor get their turn
constexpr std::size_t kept_capacity = 4 * 1024;  // what an idle connection may hold on to

Instant now() { return std::chrono::steady_clock::now(); }

}  // namespace

WebSocketTransport::WebSocketTransport(const asio::any_io_executor& executor, TransportEvents& events, WebSocketOptions options)
    : connection_(std::make_shared<Connection>(executor, events, std::move(options))) {}
WebSocketTransport::~WebSocketTransport() { connection_->abandon(); }
void WebSocketTransport::open(const ConnectRequest& request) { connection_->open(request); }
void WebSocketTransport::send(Opcode op, std::string_view data) { connection_->send(op, data); }
void WebSocketTransport::close(std::optional<std::uint16_t> code, std::string_view reason) { connection_->close(code, reason); }
std::size_t WebSocketTransport::buffered_bytes() const { return connection_->buffered_bytes(); }

WebSocketTransport::Connection::Connection(const asio::any_io_executor& executor, TransportEvents& events, WebSocketOptions options)
    : executor_(executor), events_(&events), options_(std::move(options)), timer_(executor) {}

void WebSocketTransport::Connection::send(Opcode op, std::string_view data) {
  if (phase_ != Phase::open || core_->state() != core::ws::WebSocketCore::State::open) return;  // a message after close() has no way out
  core_->send(op, data, now(), plain_);
  schedule_flush();
}

void WebSocketTransport::Connection::close(std::optional<std::uint16_t> code, std::string_view reason) {
  if (phase_ == Phase::draining || phase_ == Phase::closed) return;
  if (phase_ != Phase::open) {
    end_ = {.code = 1006, .reason = {}, .clean = false, .why = Errc::cancelled};
    return post([](Connection& self) { self.finish(); });
  }
  if (core_->state() != core::ws::WebSocketCore::State::open) return;
  core_->close(code.value_or(1005), reason, now(), plain_);
  end_ = {.code = 1006, .reason = {}, .clean = false, .why = Errc::connection_closed};
  arm(options_.close_timeout);
  schedule_flush();
}

void WebSocketTransport::Connection::abandon() {
  events_ = nullptr;
  if (phase_ == Phase::open && core_->state() == core::ws::WebSocketCore::State::open) {
    core_->close(1001, {}, now(), plain_);
    flush();
  }
  finish();
}

// ---- reading ----

/// Reads, where waiting for readability would do: Asio tries at once and then sleeps, but for a wait it calls epoll_ctl, and each of those brings
/// a needless wake-up, because the socket is writable.
void WebSocketTransport::Connection::wait_readable() {
  socket_->async_read_some(asio::buffer(first_), [self = shared_from_this()](const boost::system::error_code& error, std::size_t n) {
    if (self->phase_ == Phase::closed) return;
    if (error) return self->on_end_of_stream(error);
    self->on_readable(n);
  });
}

/// first_ has `n` bytes; when it is full there may be more.
void WebSocketTransport::Connection::on_readable(std::size_t n) {
  boost::system::error_code error;
  in_read_turn_ = true;
  if (events_) events_->on_turn(true);
  on_bytes(std::span(first_).first(n));
  if (n == first_.size()) error = read_on();
  in_read_turn_ = false;
  if (events_) events_->on_turn(false);
  if (phase_ == Phase::closed) return;
  flush();
  if (phase_ == Phase::closed) return;
  if (error && error != asio::error::would_block) return on_end_of_stream(error);
  wait_readable();
}

boost::system::error_code WebSocketTransport::Connection::read_on() {
  std::array<char, read_size> buffer;  // uninitialised on purpose: the bytes below n are written first
  boost::system::error_code error;
  std::size_t n = buffer.size();  // a short read: there is no more, and the next read would notice if there were
  for (int i = 0; i < reads_per_turn && n == buffer.size() && phase_ != Phase::closed; ++i) {
    n = socket_->read_some(asio::buffer(buffer), error);
    if (n > 0) on_bytes(std::span(buffer).first(n));
  }
  return error;
}

void WebSocketTransport::Connection::on_bytes(std::span<char> wire) {
  if (!filter_) return on_plain(wire);
  std::string plain;
  const bool was_ready = filter_->ready();
  if (const auto error = filter_->from_wire(wire, plain, wire_)) {
    flush();  // the alert that tells the peer why
    // A server refuses a client's certificate after the handshake that carried it.
    return fail(phase_ == Phase::securing || phase_ == Phase::handshaking ? Step::security : Step::open, error, filter_->detail());
  }
  if (!was_ready && filter_->ready()) begin_handshake();
  if (!plain.empty()) on_plain(plain);
  if (!filter_->ended()) return;
  flush();  // our half of the closing handshake
  if (phase_ != Phase::closed) on_end_of_stream(asio::error::eof);
}

void WebSocketTransport::Connection::on_plain(std::span<char> bytes) {
  switch (phase_) {
    case Phase::handshaking: return on_handshake_bytes(bytes);
    case Phase::open: core_->feed(bytes, now()); return deliver();
    case Phase::idle:
    case Phase::connecting:
    case Phase::securing:
    case Phase::draining:
    case Phase::closed: return;  // nothing is awaited
  }
}

void WebSocketTransport::Connection::deliver() {
  while (phase_ == Phase::open) {
    const auto event = core_->next(now(), plain_);
    if (!event) return;
    std::visit([this](const auto& e) { on_event(e); }, *event);
  }
}

void WebSocketTransport::Connection::on_event(const core::ws::WebSocketCore::Message& message) {
  events_->on_message(message.op, message.data);
}

void WebSocketTransport::Connection::on_event(const core::ws::WebSocketCore::Closed& closed) {
  phase_ = Phase::draining;
  end_ = {.code = closed.code, .reason = closed.reason, .clean = closed.clean, .why = closed.why};
  arm(options_.close_timeout);
  schedule_flush();
  if (closed.why) report(Step::open, closed.why, closed.reason);
}

void WebSocketTransport::Connection::on_end_of_stream(const boost::system::error_code& error) {
  const bool is_end = error == asio::error::eof;
  if (phase_ == Phase::handshaking) {
    const auto complete = is_end ? handshake_->finish() : Result<bool>(tl::unexpected(std::error_code(error)));
    if (complete && *complete) return on_answer();
    return fail(Step::handshake, complete ? make_error_code(Errc::connection_closed) : complete.error(), handshake_->detail());
  }
  if (phase_ == Phase::securing) return fail(Step::security, is_end ? make_error_code(Errc::connection_closed) : std::error_code(error));
  if (phase_ == Phase::open)
    end_ = {.code = 1006, .reason = {}, .clean = false, .why = is_end ? make_error_code(Errc::connection_closed) : std::error_code(error)};
  finish();
}

// ---- writing ----

void WebSocketTransport::Connection::schedule_flush() {
  if (in_read_turn_ || flush_scheduled_) return;
  flush_scheduled_ = true;
  post([](Connection& self) {
    self.flush_scheduled_ = false;
    self.flush();
  });
}

void WebSocketTransport::Connection::flush() {
  if (!socket_ || awaits_writable_) return;
  if (write_ended_) return plain_.clear();
  if (!filter_) {
    if (wire_.empty()) {
      wire_.swap(plain_);
    } else {
      wire_ += plain_;
      plain_.clear();
    }
  } else if (filter_->ready() && !plain_.empty()) {
    if (const auto error = filter_->to_wire(std::exchange(plain_, {}), wire_)) return fail(Step::open, error, filter_->detail());
  }
  if (filter_ && phase_ == Phase::draining) filter_->finish(wire_);
  boost::system::error_code error;
  while (sent_ < wire_.size() && !error) sent_ += socket_->write_some(asio::buffer(wire_) + sent_, error);
  if (error == asio::error::would_block) return wait_writable();
  write_ended_ = write_ended_ || error;  // what the peer sent before it went is still read; reading then meets the end
  sent_ = 0;
  wire_.clear();
  if (std::exchange(blocked_, false) && events_) events_->on_blocked(false);
  if (wire_.capacity() > kept_capacity) wire_.shrink_to_fit();
  if (phase_ != Phase::draining || write_ended_) return;
  write_ended_ = true;  // our half is closed
  socket_->shutdown(tcp::socket::shutdown_send, error);
}

void WebSocketTransport::Connection::wait_writable() {
  awaits_writable_ = true;
  if (!std::exchange(blocked_, true) && events_) events_->on_blocked(true);
  if (phase_ == Phase::closed) return;
  socket_->async_wait(tcp::socket::wait_write, [self = shared_from_this()](const boost::system::error_code& error) {
    self->awaits_writable_ = false;
    if (self->phase_ == Phase::closed) return;
    if (error) return self->on_end_of_stream(error);
    self->flush();
  });
}

// ---- ending ----

void WebSocketTransport::Connection::arm(Duration delay) {
  timer_.expires_after(delay);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && !error) self->on_timer();
  });
}

void WebSocketTransport::Connection::on_timer() {
  if (now() < timer_.expiry()) return;
  switch (phase_) {
    case Phase::securing: return fail(Step::security, Errc::connect_timeout);
    case Phase::handshaking: return fail(Step::handshake, Errc::connect_timeout);
    case Phase::open:      // our close frame was not answered
    case Phase::draining:  // the peer does not close TCP
      return finish();
    case Phase::idle:
    case Phase::connecting:
    case Phase::closed: return;  // no timer of ours
  }
}

void WebSocketTransport::Connection::report(Step step, std::error_code code, std::string detail) {
  if (!events_) return;
  events_->on_error({.code = code,
                     .step = step,
                     .host = url_.host,
                     .port = url_.port,
                     .http_status = 0,
                     .http_headers = {},
                     .detail = std::move(detail)});
}

void WebSocketTransport::Connection::fail(Step step, std::error_code code, std::string detail) {
  end_ = {.code = 1006, .reason = {}, .clean = false, .why = code};
  report(step, code, std::move(detail));
  finish();
}

void WebSocketTransport::Connection::finish() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  if (connector_) connector_->cancel();
  timer_.cancel();
  if (socket_) {
    boost::system::error_code ignored;  // the connection is over either way
    socket_->close(ignored);
  }
  if (auto* events = std::exchange(events_, nullptr)) events->on_close(end_);
}

}  // namespace phx::net
