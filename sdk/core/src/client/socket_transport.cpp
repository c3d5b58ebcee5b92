// SocketCore: the life of its transports. Spec client-semantics 3.4, 3.5, D-6, D-7, D-10 to D-13.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <phx/core/client/socket_core.hpp>
#include <phx/core/ws/close_code.hpp>

namespace phx::core {
namespace {

constexpr Duration teardown_wait = std::chrono::milliseconds(1500);  // for buffered bytes, and again for closed (3.1)
constexpr Duration first_look = std::chrono::milliseconds(150);      // of phoenix.js; the waits grow by as much
constexpr std::uint8_t most_looks = 4;

constexpr std::string_view connection_error = R"({"source":"transport","reason":"connection_error"})";
constexpr std::string_view connection_closed = R"({"source":"transport","reason":"connection_closed"})";
constexpr std::string_view heartbeat_timeout = R"({"source":"transport","reason":"heartbeat_timeout"})";

}  // namespace

// --- opening ---

void SocketCore::connect(Instant now, Effects& out) {
  if (state_ == SocketState::connecting || state_ == SocketState::open) return;
  if (state_ == SocketState::closing) {
    if (!disconnecting()) return;  // S1: the end of a dead connection reconnects by itself
    abandon_current(now, out);
  } else if (has_transport_ && !disconnecting()) {
    return;  // D-6 switched off: a dead transport object is in the way
  }
  if (reconnect_.terminal()) reconnect_.reset();
  if (link_.policy().connect_replaces_reconnect) reconnect_.cancel();  // S7
  open_transport(OpenReason::connect, now, out);
}

void SocketCore::open_transport(OpenReason reason, Instant now, Effects& out) {
  begin_attempt(fallback_.enabled() ? fallback_.choose(now) : kind_, reason, now, out);
}

void SocketCore::begin_attempt(TransportKind kind, OpenReason reason, Instant now, Effects& out) {
  ++clock_;
  kind_ = kind;
  fallback_.attempt(kind, now);
  link_.arm(fallback_.deadline());
  clean_ = false;
  blocked_ = false;
  has_transport_ = true;
  state_ = SocketState::connecting;
  link_.generation = Generation{++next_generation_};
  out.emplace_back(OpenTransport{link_.generation, kind_, reason, reconnect_.wants_refresh()});
}

void SocketCore::transport_started(Generation generation, Instant now) noexcept {
  if (!is_current(generation) || state_ != SocketState::connecting) return;
  fallback_.attempt(kind_, now);
  link_.arm(fallback_.deadline());
}

void SocketCore::transport_opened(Generation generation, Instant now, Effects& out) {
  if (!is_current(generation) || state_ != SocketState::connecting) return;
  state_ = SocketState::open;
  link_.open = true;
  clean_ = false;
  ++establishments_;
  link_.flush(out);
  if (link_.policy().stable_after == Duration::zero()) {
    reconnect_.reset();
  } else {
    stable_at_ = now + link_.policy().stable_after;
    link_.arm(stable_at_);
  }
  if (kind_ == TransportKind::websocket) heartbeat_.start(now, link_.env.config.heartbeat_interval);  // H1
  link_.arm(heartbeat_.deadline());
  out.emplace_back(SocketOpened{generation, establishments_});
  for (const Slot& slot : slots_)
    if (slot.channel->on_socket_open(link_, out)) rejoin(*slot.channel, now, out);
  check_health(now, out);
}

/// B3: open is not enough, some middle boxes let nothing through.
void SocketCore::check_health(Instant now, Effects& out) {
  if (fallback_.on_open(now)) {
    const Ref ref = link_.refs.next();
    send_heartbeat_frame(ref, out);
    fallback_.pinged(ref);
  }
  link_.arm(fallback_.deadline());
}

/// The connection has proved good: the next loss starts from the first delay (D-10).
void SocketCore::settle() noexcept {
  stable_at_ = never;
  reconnect_.reset();
}

// --- losing ---

void SocketCore::transport_error(Generation generation, const TransportError& error, Instant now, Effects& out) {
  if (!is_current(generation) && link_.policy().drop_stale_transport_events) return;
  for (const Slot& slot : slots_) slot.channel->reset_rejoin_timer();  // C1
  const bool falling_back = is_current(generation) && state_ == SocketState::connecting && fallback_.takes_over();
  out.emplace_back(SocketError{generation, error.why, error.http_status, establishments_, falling_back});
  if (!falling_back || establishments_ > 0) fail_channels(connection_error, now, out);
  if (falling_back) switch_transport(now, out);
}

/// B2, and back: ends the current transport and tries another at once; which one, the FallbackCore knows.
void SocketCore::switch_transport(Instant now, Effects& out) {
  const bool was_open = state_ == SocketState::open;
  const Generation old = link_.generation;
  const TransportKind to = kind_ == TransportKind::websocket ? TransportKind::longpoll : TransportKind::websocket;
  if (!tearing_down(old)) begin_teardown(std::nullopt, After::nothing, DisconnectId::none, now, out);
  blocked_ = false;
  pings_.clear();
  if (link_.policy().fallback.primary_retry == Duration::zero()) {
    reconnect_.reset();  // S7; here only when the old transport will not be tried again, or the two together would know no back-off
  } else {
    reconnect_.cancel();
  }
  const bool told_later = !link_.policy().drop_stale_transport_events;  // by the old transport's close
  if (establishments_ > 0 && !told_later) fail_channels(connection_closed, now, out);
  if (was_open && !told_later) out.emplace_back(SocketClosed{old, ws::close_code::normal, {}, true, 0});
  state_ = SocketState::closed;
  begin_attempt(to, OpenReason::reconnect, now, out);
}

void SocketCore::on_fallback_deadline(Instant now, Effects& out) {
  switch (fallback_.on_deadline(now)) {
    case FallbackCore::Due::nothing: return;
    case FallbackCore::Due::fall_back:
    case FallbackCore::Due::retry_primary: return switch_transport(now, out);
  }
}

void SocketCore::transport_closed(Generation generation, const CloseEvent& event, Instant now, Effects& out) {
  for (Teardown& teardown : teardowns_)
    if (teardown.generation == generation) teardown.gone = true;
  if (is_current(generation)) {
    lost(event, now, out);
  } else if (!link_.policy().drop_stale_transport_events) {
    tell_lost(generation, event, now, out);
  }
  // Where it is heard at once, the teardowns of the transport end here; otherwise at their next look.
  if (!link_.policy().teardown_looks) finish_teardowns([](const Teardown& t) { return t.gone; }, now, out);
}

void SocketCore::lost(const CloseEvent& event, Instant now, Effects& out) {
  state_ = SocketState::closed;
  has_transport_ = link_.policy().dead_transport_blocks_connect && (link_.policy().teardown_looks || !tearing_down(link_.generation));
  link_.open = false;
  blocked_ = false;
  stable_at_ = never;
  pings_.clear();
  fallback_.on_lost(!clean_, now);
  tell_lost(link_.generation, event, now, out);
}

void SocketCore::tell_lost(Generation generation, const CloseEvent& event, Instant now, Effects& out) {
  fail_channels(connection_closed, now, out);
  heartbeat_.stop();
  const bool wanted = event.code != ws::close_code::normal || link_.policy().reconnect_on_normal_close;
  if (!clean_ && wanted && !reconnects_after_teardown(generation)) {
    announce(reconnect_.on_lost(event, link_.policy(), link_.env.jitter, now), event, out);
  }
  out.emplace_back(SocketClosed{generation, event.code, std::string(event.reason), event.clean, event.http_status});
}

void SocketCore::announce(const ReconnectCore::Plan& plan, const CloseEvent& event, Effects& out) {
  if (plan.terminal) {
    out.emplace_back(Terminal{plan.terminal, event.http_status, event.code});
    return;
  }
  link_.arm(reconnect_.deadline());
  out.emplace_back(ReconnectScheduled{plan.delay, reconnect_.attempts() + 1, plan.why});
}

void SocketCore::fail_channels(std::string_view payload, Instant now, Effects& out) {
  for (const Slot& slot : slots_) slot.channel->on_transport_error(payload, link_, now, out);  // S6: not all care
}

void SocketCore::on_reconnect_deadline(Instant now, Effects& out) {
  reconnect_.fire();
  const After next = hidden_ ? After::nothing : After::connect;                                                // S8: resume() takes over
  if (state_ != SocketState::closed) return begin_teardown(std::nullopt, next, DisconnectId::none, now, out);  // S7
  if (!hidden_) open_transport(OpenReason::reconnect, now, out);
}

void SocketCore::on_heartbeat_deadline(Instant now, Effects& out) {
  switch (heartbeat_.on_deadline(now, link_.policy().heartbeat.max_missed)) {
    case HeartbeatCore::Due::nothing: return;
    case HeartbeatCore::Due::send: return send_heartbeat(now, out);
    case HeartbeatCore::Due::dead: break;
  }
  link_.open = false;  // no rejoin through a dead connection
  fail_channels(heartbeat_timeout, now, out);
  clean_ = false;
  begin_teardown(CloseRequest{ws::close_code::normal, "heartbeat timeout"}, After::schedule_reconnect, DisconnectId::none, now, out);
}

// --- ending ---

DisconnectId SocketCore::disconnect(std::optional<CloseRequest> close, Instant now, Effects& out) {
  const DisconnectId id{++next_disconnect_};
  ++clock_;
  clean_ = true;
  resume_connects_ = false;
  reconnect_.reset();
  if (state_ == SocketState::closed) {
    has_transport_ = false;
    out.emplace_back(Disconnected{id});
  } else {
    begin_teardown(std::move(close), After::disconnected, id, now, out);
  }
  return id;
}

void SocketCore::replace_transport(TransportKind kind, Instant now, Effects& out) {
  ++clock_;
  clean_ = true;
  reconnect_.reset();
  if (state_ != SocketState::closed) {
    begin_teardown(std::nullopt, After::nothing, DisconnectId::none, now, out);
    abandon_current(now, out);
  }
  has_transport_ = false;
  kind_ = kind;
}

/// The current transport is the current one no longer; its end goes on without us (S11).
void SocketCore::abandon_current(Instant now, Effects& out) {
  if (!tearing_down(link_.generation)) begin_teardown(std::nullopt, After::nothing, DisconnectId::none, now, out);
  clean_ = true;
  lost({.code = ws::close_code::normal, .clean = true}, now, out);
}

void SocketCore::begin_teardown(std::optional<CloseRequest> close, After after, DisconnectId id, Instant now, Effects& out) {
  const bool first = !tearing_down(link_.generation);
  state_ = SocketState::closing;
  link_.open = false;
  stable_at_ = never;
  heartbeat_.stop();
  fallback_.pause();
  teardowns_.push_back({.generation = link_.generation, .after = after, .id = id, .close = std::move(close), .drained = !blocked_});
  Teardown& teardown = teardowns_.back();
  if (!first && !link_.policy().teardown_looks) {
    teardown.closing = true;  // ends when the first one ends
  } else if (teardown.drained) {
    begin_close(teardown, now, out);
  } else {
    await(teardown, now);
  }
}

void SocketCore::begin_close(Teardown& teardown, Instant now, Effects& out) {
  const bool closes = std::ranges::any_of(teardowns_, [&](const Teardown& t) { return t.generation == teardown.generation && t.asked; });
  teardown.closing = true;
  teardown.looks = 0;
  await(teardown, now);
  if (teardown.gone) teardown.deadline = now;
  if (closes) return;
  teardown.asked = true;
  CloseTransport effect{.generation = teardown.generation, .code = std::nullopt, .reason = {}};
  if (teardown.close) {
    effect.code = teardown.close->code;
    effect.reason = std::move(teardown.close->reason);
  }
  out.emplace_back(std::move(effect));
}

/// Sets the end of a wait: of patience, or until phoenix.js would look again.
void SocketCore::await(Teardown& teardown, Instant now) {
  teardown.deadline = now + (link_.policy().teardown_looks ? first_look * ++teardown.looks : teardown_wait);
  link_.arm(teardown.deadline);
}

void SocketCore::transport_blocked(Generation generation) noexcept {
  if (is_current(generation)) blocked_ = true;
}

void SocketCore::transport_drained(Generation generation, Instant now, Effects& out) {
  if (is_current(generation)) blocked_ = false;
  for (Teardown& teardown : teardowns_) {
    if (teardown.generation != generation) continue;
    teardown.drained = true;
    if (!teardown.closing && !link_.policy().teardown_looks) begin_close(teardown, now, out);
  }
}

void SocketCore::run_teardowns(Instant now, Effects& out) {
  for (std::size_t i = 0; i < teardowns_.size(); ++i)
    if (teardowns_[i].deadline <= now) on_teardown_deadline(teardowns_[i], now, out);
  finish_teardowns([now](const Teardown& t) { return t.gone && t.closing && t.deadline <= now; }, now, out);
}

void SocketCore::on_teardown_deadline(Teardown& teardown, Instant now, Effects& out) {
  const bool patient = link_.policy().teardown_looks && teardown.looks < most_looks;
  if (!teardown.closing) return teardown.drained || !patient ? begin_close(teardown, now, out) : await(teardown, now);
  if (teardown.gone) return;
  if (patient) return await(teardown, now);
  const Generation generation = teardown.generation;
  out.emplace_back(DropTransport{generation});
  if (is_current(generation)) lost({.code = 1006}, now, out);
  for (Teardown& other : teardowns_)
    if (other.generation == generation) other.gone = true, other.closing = true, other.deadline = now;
}

template <class Condition>
void SocketCore::finish_teardowns(Condition&& done, Instant now, Effects& out) {
  std::vector<Teardown> finished;
  std::erase_if(teardowns_, [&](Teardown& teardown) {
    if (!done(teardown)) return false;
    finished.push_back(std::move(teardown));
    return true;
  });
  for (const Teardown& teardown : finished) finish(teardown, now, out);
}

void SocketCore::finish(const Teardown& teardown, Instant now, Effects& out) {
  const bool newest = teardown.generation == link_.generation;
  if (newest) has_transport_ = false;
  switch (teardown.after) {
    case After::nothing: break;
    case After::disconnected: out.emplace_back(Disconnected{teardown.id}); break;
    case After::schedule_reconnect:
      if (clean_ || state_ != SocketState::closed) break;    // the user disconnected meanwhile, maybe connected again
      if (!newest && !link_.policy().teardown_looks) break;  // the newer one has scheduled its own
      announce(reconnect_.on_heartbeat_timeout(link_.policy(), link_.env.jitter, now), {}, out);  // H4
      break;
    case After::connect:
      if (!clean_ && newest) connect(now, out);
      break;
  }
}

bool SocketCore::tearing_down(Generation generation) const noexcept {
  return std::any_of(teardowns_.begin(), teardowns_.end(), [generation](const Teardown& t) { return t.generation == generation; });
}

bool SocketCore::disconnecting() const noexcept {
  return std::any_of(teardowns_.begin(), teardowns_.end(),
                     [this](const Teardown& t) { return t.generation == link_.generation && t.after == After::disconnected; });
}

/// And not already for the close event, as in phoenix.js, whose end of the teardown then schedules once more.
bool SocketCore::reconnects_after_teardown(Generation generation) const noexcept {
  return std::any_of(teardowns_.begin(), teardowns_.end(), [&](const Teardown& t) {
    return t.generation == generation && t.after == After::schedule_reconnect && !(t.gone && link_.policy().teardown_looks);
  });
}

// --- the device ---

void SocketCore::suspend(SuspendOptions options, Instant now, Effects& out) {
  hidden_ = true;
  const bool alive = state_ != SocketState::closed || reconnect_.scheduled();
  if (!options.disconnect || !alive) return;
  disconnect(std::nullopt, now, out);
  resume_connects_ = true;
  resume_clock_ = clock_;
}

void SocketCore::resume(Instant now, Effects& out) {
  hidden_ = false;
  if (std::exchange(resume_connects_, false) && resume_clock_ == clock_) return connect(now, out);
  reconnect_at_once(now, out);
}

void SocketCore::network_changed(Instant now, Effects& out) {
  fallback_.forget();
  if (hidden_) return;
  if (link_.open) {
    if (!heartbeat_.pending()) send_heartbeat(now, out);
    return;
  }
  reconnect_at_once(now, out);
}

/// Only where a connection was lost against the user's will (S8).
void SocketCore::reconnect_at_once(Instant now, Effects& out) {
  if (state_ != SocketState::closed || clean_ || reconnect_.terminal()) return;
  if (link_.policy().connect_replaces_reconnect) reconnect_.cancel();
  open_transport(OpenReason::resume, now, out);
}

}  // namespace phx::core
