#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <phx/core/envelope.hpp>
#include <phx/core/time.hpp>
#include <phx/server/channel.hpp>
#include <phx/server/pubsub.hpp>

#include "payload_pool.hpp"

namespace phx::server::detail {

/// One message to a channel, from the mailbox until its callback has ended: arguments of callbacks point in here.
struct Call {
  enum class Kind : std::uint8_t { join, event, leave, broadcast, info, closed };
  Kind kind = Kind::event;
  std::string event;
  std::string ref;  // raw token
  Payload payload;
  BroadcastPtr broadcast;
  std::optional<Info> info;
  StopReason reason;  // closed: why
  Instant started{};
  HandleResult result;
  JoinResult join_result;
  Call* next = nullptr;  // mailbox, or pool
};

/// Calls are reused with their buffers: handling a message in place allocates nothing.
class CallPool {
 public:
  CallPool() = default;
  CallPool(const CallPool&) = delete;
  CallPool& operator=(const CallPool&) = delete;
  ~CallPool() {
    while (free_) delete std::exchange(free_, free_->next);
  }

  Call* take(Call::Kind kind) {
    if (free_) --kept_;
    Call* call = free_ ? std::exchange(free_, free_->next) : new Call;
    call->next = nullptr;
    call->kind = kind;
    return call;
  }
  Call* take(Call::Kind kind, const core::EnvelopeView& message) {
    Call* call = take(kind);
    call->event.assign(message.event);
    call->ref.assign(message.ref);
    call->payload = payloads_.take(message.payload_kind, message.payload);
    return call;
  }
  void give_back(Call* call) {
    call->result = {};
    call->join_result = {};
    call->info.reset();
    call->broadcast.reset();
    if (call->event.capacity() > keep_bytes) call->event = {};  // a long one is not kept for all time
    if (call->ref.capacity() > keep_bytes) call->ref = {};
    call->ref.assign(core::null_token);
    payloads_.give_back(std::exchange(call->payload, {}));
    if (kept_ == keep_calls) return void(delete call);
    ++kept_;
    call->next = std::exchange(free_, call);
  }

 private:
  static constexpr std::size_t keep_bytes = 1024, keep_calls = 1024;
  Call* free_ = nullptr;
  std::size_t kept_ = 0;
  PayloadPool payloads_;
};

}  // namespace phx::server::detail
