#include <phx/core/ws/websocket_core.hpp>

#include <phx/core/ws/close_code.hpp>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace phx::core::ws {
namespace {

/// server.md 2.2; golden client_close_1000 to client_close_empty (so 5000 is fine, 1012 is not).
constexpr bool server_accepts(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) || code >= 3000 || code == close_code::no_status;
}

/// RFC 6455 7.4 and the IANA registry: what may stand in a close frame. 1012 is what a draining Phoenix sends.
constexpr bool client_accepts(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace

WebSocketCore::WebSocketCore(Role role, const Limits& limits, MaskSource mask_source, FrameTap* tap) : decoder_(role, limits), tap_(tap) {
  if (role == Role::server) return;
  if (!mask_source) throw std::invalid_argument("WebSocketCore: a client needs a mask source");
  mask_source_ = std::make_unique<MaskSource>(std::move(mask_source));
}

void WebSocketCore::use_deflate(std::unique_ptr<PerMessageDeflate> deflate) noexcept {
  deflate_ = std::move(deflate);
  decoder_.accept_rsv1();
}

void WebSocketCore::feed(std::span<char> bytes, Instant now) {
  if (state_ == State::closed || bytes.empty()) return;
  heard_ = now;
  decoder_.feed(bytes);
}

std::optional<WebSocketCore::Event> WebSocketCore::next(Instant now, std::string& out) {
  while (state_ != State::closed) {
    const auto in = decoder_.next();
    if (!in) return std::nullopt;
    auto event = std::visit([&](const auto& e) { return on_event(e, now, out); }, *in);
    if (event) return event;
  }
  return std::nullopt;
}

std::optional<WebSocketCore::Event> WebSocketCore::on_event(const MessageEvent& in, Instant now, std::string& out) {
  std::string_view data = in.data;
  if (in.compressed) {
    const auto inflated = deflate_->inflate(in.op, in.data, decoder_.limits().max_message);
    if (!inflated)
      return closed_by_violation(inflated.error() == Errc::message_too_large ? close_code::message_too_big : close_code::invalid_payload,
                                 inflated.error(), now, out);
    data = *inflated;
  }
  see(static_cast<FrameOp>(in.op), data, now);
  if (state_ != State::open) return std::nullopt;
  return Message{in.op, data};
}

std::optional<WebSocketCore::Event> WebSocketCore::on_event(const PingEvent& in, Instant now, std::string& out) {
  see(FrameOp::ping, in.data, now);
  if (state_ != State::open) return std::nullopt;
  write(FrameOp::pong, in.data, now, out);
  return Ping{in.data};
}

std::optional<WebSocketCore::Event> WebSocketCore::on_event(const PongEvent& in, Instant now, std::string&) {
  see(FrameOp::pong, in.data, now);
  if (state_ != State::open) return std::nullopt;
  return Pong{in.data};
}

std::optional<WebSocketCore::Event> WebSocketCore::on_event(const CloseEvent& in, Instant now, std::string& out) {
  if (tap_ != nullptr) see(FrameOp::close, close_payload(in.code, in.reason), now);
  const bool is_server = decoder_.role() == Role::server;
  const bool allowed = client_accepts(in.code) || in.code == close_code::no_status;
  const bool accepted = is_server && state_ == State::open ? server_accepts(in.code) : allowed;  // an answer may echo our 1012
  if (!accepted) return closed_by_violation(close_code::protocol_error, Errc::protocol_error, now, out);
  if (state_ == State::open) write(FrameOp::close, close_payload(is_server ? std::uint16_t{1000} : in.code), now, out);
  state_ = State::closed;
  return Closed{in.code, std::string(in.reason), true, {}};
}

std::optional<WebSocketCore::Event> WebSocketCore::on_event(const FailEvent& in, Instant now, std::string& out) {
  return closed_by_violation(in.close_code, in.why, now, out);
}

WebSocketCore::Event WebSocketCore::closed_by_violation(std::uint16_t code, std::error_code why, Instant now, std::string& out) {
  if (state_ == State::open) write(FrameOp::close, close_payload(code), now, out);
  state_ = State::closed;
  return Closed{code, {}, false, why};
}

void WebSocketCore::send(Opcode op, std::string_view data, Instant now, std::string& out) {
  if (state_ == State::open) write(static_cast<FrameOp>(op), data, now, out);
}

void WebSocketCore::ping(std::string_view data, Instant now, std::string& out) {
  if (data.size() > 125) throw std::invalid_argument("WebSocketCore: a ping carries at most 125 bytes");
  if (state_ == State::open) write(FrameOp::ping, data, now, out);
}

void WebSocketCore::close(std::uint16_t code, std::string_view reason, Instant now, std::string& out) {
  if (state_ != State::open) return;
  write(FrameOp::close, close_payload(code, reason), now, out);
  state_ = State::closing;
}

void WebSocketCore::set_idle_timeout(std::chrono::milliseconds timeout, Instant now) noexcept {
  using Count = std::chrono::milliseconds::rep;
  idle_ms_ = static_cast<std::uint32_t>(std::clamp<Count>(timeout.count(), 0, std::numeric_limits<std::uint32_t>::max()));
  heard_ = now;
}

std::optional<Instant> WebSocketCore::next_deadline() const noexcept {
  if (idle_ms_ == 0 || state_ == State::closed) return std::nullopt;
  return heard_ + std::chrono::milliseconds(idle_ms_);
}

std::optional<WebSocketCore::Event> WebSocketCore::on_deadline(Instant now, std::string& out) {
  const auto deadline = next_deadline();
  if (!deadline || now < *deadline) return std::nullopt;
  const std::uint16_t code = state_ == State::open ? close_code::protocol_error : close_code::abnormal;
  return closed_by_violation(code, std::make_error_code(std::errc::timed_out), now, out);
}

void WebSocketCore::write(FrameOp op, std::string_view payload, Instant now, std::string& out) {
  std::optional<std::uint32_t> mask;
  if (mask_source_) mask = (*mask_source_)();
  if (tap_ != nullptr) tap_->on_frame(FrameTap::Direction::out, op, payload, now);
  const bool compresses = deflate_ && (op == FrameOp::text || op == FrameOp::binary);
  append_frame(out, op, compresses ? deflate_->deflate(payload) : payload, mask, true, compresses);
}

void WebSocketCore::see(FrameOp op, std::string_view payload, Instant now) {
  if (tap_ != nullptr) tap_->on_frame(FrameTap::Direction::in, op, payload, now);
}

}  // namespace phx::core::ws
