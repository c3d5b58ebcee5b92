#include <phx/core/client/fallback_core.hpp>

namespace phx::core {

TransportKind FallbackCore::choose(Instant now) noexcept {
  if (remembered(now) || (sticky() && on_fallback_)) return TransportKind::longpoll;
  if (policy_.short_lived_opens == 0 || short_lived_ < policy_.short_lived_opens) return TransportKind::websocket;
  short_lived_ = 0;
  return TransportKind::longpoll;
}

void FallbackCore::attempt(TransportKind kind, Instant now) noexcept {
  on_fallback_ = kind == TransportKind::longpoll;
  open_ = false;
  ping_ = Ref{};
  at_ = on_fallback_ || !enabled() ? never : now + *after_;
}

bool FallbackCore::on_open(Instant now) noexcept {
  if (!enabled()) return false;
  open_ = true;
  opened_at_ = now;
  if (!on_fallback_) {
    at_ = now + *after_;
    return true;
  }
  if (!primary_healthy_ && !remembered(now)) remembered_until_ = policy_.memory == Duration::zero() ? Instant::max() : now + policy_.memory;
  if (remembered(now)) {
    at_ = remembered_until_;
  } else if (!sticky()) {
    at_ = now + policy_.primary_retry;
  }
  return false;
}

void FallbackCore::on_reply(Ref ref) noexcept {
  if (!ping_.present() || ref != ping_) return;
  ping_ = Ref{};
  primary_healthy_ = true;
  at_ = never;
}

void FallbackCore::on_lost(bool unwanted, Instant now) noexcept {
  if (open_ && !on_fallback_ && unwanted) short_lived_ = now - opened_at_ < policy_.short_lived ? short_lived_ + 1 : 0;
  open_ = false;
  ping_ = Ref{};
  at_ = never;
}

void FallbackCore::forget() noexcept {
  remembered_until_ = Instant::min();
  short_lived_ = 0;
}

FallbackCore::Due FallbackCore::on_deadline(Instant now) noexcept {
  if (now < at_) return Due::nothing;
  at_ = never;
  if (!on_fallback_) return Due::fall_back;
  forget();
  primary_healthy_ = false;  // found out anew
  return Due::retry_primary;
}

}  // namespace phx::core
