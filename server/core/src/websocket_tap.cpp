#include "websocket_tap.hpp"

#include <utility>

namespace phx::server::detail {

namespace {
constexpr core::ws::Limits whatever_we_send = core::ws::Limits::unlimited();
}  // namespace

WebSocketTap::WebSocketTap(std::shared_ptr<core::ws::FrameTap> told, const std::optional<core::ws::DeflateParams>& deflate, Shard& shard)
    : told_(std::move(told)),
      shard_(shard),
      sent_(*told_),
      mirror_(
          core::ws::Role::client, whatever_we_send, [] { return 0U; }, &sent_) {
  if (deflate) mirror_.use_deflate(std::make_unique<core::ws::PerMessageDeflate>(core::ws::Role::client, *deflate, inflaters_));
}

void WebSocketTap::on_frame(Direction direction, core::ws::FrameOp op, std::string_view payload, Instant now) {
  if (direction == Direction::in) told_->on_frame(direction, op, payload, now);  // out: the outbox has it too
}

void WebSocketTap::on_queued(std::string_view frames) {
  bytes_.assign(frames);
  mirror_.feed(bytes_, shard_.now());
  while (mirror_.next(shard_.now(), answers_)) answers_.clear();
}

void WebSocketTap::Sent::on_frame(Direction direction, core::ws::FrameOp op, std::string_view payload, Instant now) {
  if (direction == Direction::in) told_.on_frame(Direction::out, op, payload, now);
}

}  // namespace phx::server::detail
