#include <phx/server/connection_core.hpp>

#include <phx/core/ws/close_code.hpp>

#include <utility>

#include "websocket_tap.hpp"

namespace phx::server {

namespace {

std::chrono::milliseconds in_ms(Duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d); }
}  // namespace

ConnectionCore::ConnectionCore(HttpWorker& worker, Carrier& carrier, Conn::Peer peer, Instant now)
    : worker_(worker), outbox_(worker.shard.dirty(), carrier), http_(std::make_unique<HttpCore>(worker, outbox_, std::move(peer), now)) {}

ConnectionCore::~ConnectionCore() = default;

ConnectionCore::WebSocket::WebSocket(WebSocketUpgrade upgrade, std::unique_ptr<detail::WebSocketTap> frame_tap)
    : options(upgrade.options),
      handler(upgrade.handler),
      tap(std::move(frame_tap)),
      core(core::ws::Role::server, options->limits, {}, tap.get()),
      session(std::move(upgrade.session)) {
  if (upgrade.deflate) core.use_deflate(std::move(upgrade.deflate));
}

ConnectionCore::WebSocket::~WebSocket() = default;

bool ConnectionCore::reads() const noexcept {
  if (phase_ == Phase::http) return http_->wants_input();
  return phase_ != Phase::open || holds_ == 0;
}

void ConnectionCore::feed(std::span<char> bytes, Instant now) {
  switch (phase_) {
    case Phase::http: http_->feed({bytes.data(), bytes.size()}, now); return advance_http(now);
    case Phase::open:
      if (holds_ == 0 && websocket_->parked.empty()) return pump(bytes, now);
      websocket_->parked.append(bytes.data(), bytes.size());
      return;
    case Phase::closing: return pump(bytes, now);
    case Phase::finished: return;
  }
}

void ConnectionCore::advance_http(Instant now) {
  if (http_->finished()) return finish();
  auto upgrade = http_->take_upgrade();
  if (!upgrade) return;
  auto rest = http_->take_rest();
  http_.reset();
  std::unique_ptr<detail::WebSocketTap> tap;
  if (upgrade->tap) tap = std::make_unique<detail::WebSocketTap>(std::move(upgrade->tap), upgrade->deflate_params, worker_.shard);
  websocket_.emplace(std::move(*upgrade), std::move(tap));
  outbox_.set_deflate(websocket_->core.deflate());
  outbox_.set_tap(websocket_->tap.get());
  websocket_->core.set_idle_timeout(in_ms(websocket_->options->timeout), now);
  phase_ = Phase::open;
  ++worker_.shard.stats().websocket.now;
  ++worker_.shard.stats().websocket.total;
  guarded([&](TransportSession& session) { session.init(*this, now); }, now);
  if (!rest.empty()) feed(rest, now);
}

/// Hands what came in to the session, one message after the other, until it is used up, held back or the session ends.
void ConnectionCore::pump(std::span<char> bytes, Instant now) {
  websocket_->core.feed(bytes, now);
  std::string out;
  const auto may_go_on = [this] {
    return phase_ == Phase::closing || (phase_ == Phase::open && holds_ == 0 && !websocket_->close_request);
  };
  while (may_go_on()) {
    auto event = websocket_->core.next(now, out);
    if (!event) break;
    dispatch(*event, out, now);
  }
  const auto left = websocket_->core.release_input();
  if (phase_ == Phase::open) websocket_->parked.assign(left.data(), left.size());
}

void ConnectionCore::dispatch(core::ws::WebSocketCore::Event& event, std::string& out, Instant now) {
  using WebSocketCore = core::ws::WebSocketCore;
  if (auto* message = std::get_if<WebSocketCore::Message>(&event)) {
    ++worker_.shard.stats().messages_in;
    return guarded([&](TransportSession& session) { session.handle_in(message->op, message->data, now); }, now);
  }
  if (auto* closed = std::get_if<WebSocketCore::Closed>(&event)) {
    end_session(closed->why ? CloseCause::protocol_error : CloseCause::peer_closed, now);
    write(out);
    return finish();
  }
  write(out);  // the pong, before anything the session says to the ping
  const auto* ping = std::get_if<WebSocketCore::Ping>(&event);
  const auto data = ping ? ping->data : std::get<WebSocketCore::Pong>(event).data;
  guarded([&](TransportSession& session) { session.handle_control(ping != nullptr, data, now); }, now);
}

/// An exception of user code ends its own connection only (server.md 2.2: 1011).
template <class F>
void ConnectionCore::guarded(F&& call, Instant now) {
  try {
    call(*websocket_->session);
  } catch (...) {
    report(std::current_exception());
    begin_close(core::ws::close_code::internal_error, {}, CloseCause::protocol_error, now);
  }
}

void ConnectionCore::report(const std::exception_ptr& why) {
  const auto detail = describe(why);
  worker_.service.observer->log({Level::error, "socket session raised", {}, detail});
}

void ConnectionCore::begin_close(std::uint16_t code, std::string_view reason, CloseCause cause, Instant now) {
  if (phase_ != Phase::open) return;
  end_session(cause, now);
  outbox_.release();  // a join may have held frames back; nobody else would let them go
  std::string out;
  websocket_->core.close(code, reason, now, out);
  write(out);
  phase_ = Phase::closing;
  deadline_ = now + websocket_->options->close_timeout;
}

void ConnectionCore::end_session(CloseCause cause, Instant now) {
  auto session = std::move(websocket_->session);
  if (!session) return;
  --worker_.shard.stats().websocket.now;
  try {
    session->terminate(cause, now);
  } catch (...) { report(std::current_exception()); }
}

void ConnectionCore::peer_closed(Instant now) {
  if (phase_ == Phase::http) {
    http_->finish_input();
    return advance_http(now);
  }
  if (phase_ != Phase::finished) lost(now);
}

void ConnectionCore::lost(Instant now) {
  if (websocket_) end_session(CloseCause::connection_lost, now);
  finish();
}

bool ConnectionCore::settle(Instant now) {
  if (phase_ == Phase::http) {
    advance_http(now);
    return phase_ != Phase::http;
  }
  if (phase_ != Phase::open) return false;
  if (const auto request = std::move(websocket_->close_request)) {
    begin_close(request->code, request->reason, CloseCause::local_close, now);
    return true;
  }
  if (holds_ > 0 || websocket_->parked.empty()) return false;
  auto parked = std::exchange(websocket_->parked, {});
  pump(parked, now);
  return true;
}

bool ConnectionCore::drain(Instant now) {
  if (phase_ != Phase::open) return false;
  bool drains = false;
  guarded([&](TransportSession& session) { drains = session.drain(now); }, now);
  return drains;
}

void ConnectionCore::shutdown(Instant now) {
  if (phase_ == Phase::http) {
    http_->close_after_response();
    return advance_http(now);
  }
  begin_close(core::ws::close_code::normal, {}, CloseCause::shutdown, now);
}

std::optional<Instant> ConnectionCore::next_deadline() const noexcept {
  switch (phase_) {
    case Phase::http: return http_->next_deadline();
    case Phase::open: return websocket_->core.next_deadline();
    case Phase::closing: return deadline_;
    case Phase::finished: return std::nullopt;
  }
  return std::nullopt;
}

void ConnectionCore::on_deadline(Instant now) {
  const auto due = next_deadline();
  if (!due || now < *due) return;
  switch (phase_) {
    case Phase::http: http_->on_deadline(now); return advance_http(now);
    case Phase::open:
      // Nothing was read while a join held the transport: the silence is ours (server.md 0.1.3).
      if (holds_ > 0) return websocket_->core.set_idle_timeout(in_ms(websocket_->options->timeout), now);
      return begin_close(core::ws::close_code::protocol_error, {}, CloseCause::idle_timeout, now);
    case Phase::closing: return finish();
    case Phase::finished: return;
  }
}

void ConnectionCore::close(std::uint16_t code, std::string_view reason) {
  if (phase_ != Phase::open || websocket_->close_request) return;
  websocket_->close_request = std::make_unique<CloseRequest>(code, std::string(reason));
  outbox_.mark_dirty();
}

void ConnectionCore::resume_reading() {
  if (--holds_ == 0) outbox_.mark_dirty();
}

void ConnectionCore::finish() {
  phase_ = Phase::finished;
  http_.reset();
  outbox_.mark_dirty();
}

void ConnectionCore::write(std::string& bytes) {
  if (bytes.empty()) return;
  const auto chunk = ChunkRef::make();
  chunk->bytes = std::move(bytes);
  bytes.clear();
  outbox_.push(chunk, 0, static_cast<std::uint32_t>(chunk->bytes.size()));
}

}  // namespace phx::server
