#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <phx/core/ws/deflate.hpp>
#include <phx/core/ws/websocket_core.hpp>
#include <phx/server/outbox.hpp>
#include <phx/server/shard.hpp>

namespace phx::server::detail {

/// Both directions of one server connection for a FrameTap. What comes in is seen by the connection's own core. What goes out is
/// mostly not written by that core (broadcasts are bytes that many share), so it is read from the outbox, by a client's core.
/// Only connections that somebody taps have one.
class WebSocketTap final : public core::ws::FrameTap, public OutboxTap {
 public:
  /// deflate: what was negotiated. shard: borrowed for life.
  WebSocketTap(std::shared_ptr<core::ws::FrameTap> told, const std::optional<core::ws::DeflateParams>& deflate, Shard& shard);

  void on_frame(Direction direction, core::ws::FrameOp op, std::string_view payload, Instant now) override;
  void on_queued(std::string_view frames) override;

 private:
  /// What the mirror receives is what we send; what it answers is nobody's.
  class Sent final : public core::ws::FrameTap {
   public:
    explicit Sent(core::ws::FrameTap& told) : told_(told) {}
    void on_frame(Direction direction, core::ws::FrameOp op, std::string_view payload, Instant now) override;

   private:
    core::ws::FrameTap& told_;
  };

  std::shared_ptr<core::ws::FrameTap> told_;
  Shard& shard_;
  Sent sent_;
  core::ws::DeflateContext inflaters_;  // not the shard's: its buffers may hold a message that is being handled
  core::ws::WebSocketCore mirror_;
  std::string bytes_, answers_;
};

}  // namespace phx::server::detail
