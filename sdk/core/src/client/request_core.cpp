#include <phx/core/client/request_core.hpp>

#include <algorithm>
#include <array>

#include <phx/core/error.hpp>

namespace phx::core {

namespace {

/// The same request would end the same way.
bool is_hopeless(std::error_code why) {
  constexpr std::array hopeless{Errc::bad_url,     Errc::tls_failed,          Errc::message_too_large, Errc::cancelled,
                                Errc::bad_request, Errc::credentials_timeout, Errc::unauthorized};
  return std::ranges::any_of(hopeless, [why](Errc e) { return why == e; });
}

}  // namespace

bool is_safe(std::string_view method) noexcept { return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE"; }

bool is_idempotent(std::string_view method) noexcept { return is_safe(method) || method == "PUT" || method == "DELETE"; }

void RequestCore::start(Instant now, RequestEffects& out) {
  if (state_ != State::idle) return;
  limit_ = now + rules_.timeout;
  attempt(false, out);
}

void RequestCore::attempt(bool refresh, RequestEffects& out) {
  state_ = State::trying;
  out.emplace_back(RequestAttempt{++number_, refresh});
}

void RequestCore::on_answer(std::uint32_t number, int status, std::optional<Duration> retry_after, Instant now, RequestEffects& out) {
  if (state_ != State::trying || number != number_) return;
  if ((status == 401 && rules_.refresh_on_401) || (status == 403 && rules_.refresh_on_403)) {
    if (!std::exchange(refreshed_, true)) return attempt(true, out);
  } else if (rules_.idempotent && std::ranges::find(policy_.statuses, status) != policy_.statuses.end()) {
    const bool too_long = retry_after && *retry_after > policy_.retry_after_max;
    if (!too_long && wait(retry_after, now, out)) return;
  }
  end(RequestAnswered{}, out);
}

void RequestCore::on_failure(std::uint32_t number, std::error_code why, bool sent, Instant now, RequestEffects& out) {
  if (state_ != State::trying || number != number_) return;
  if (!is_hopeless(why) && (rules_.idempotent || !sent) && wait(std::nullopt, now, out)) return;
  end(RequestFailed{why}, out);
}

/// False: there is no attempt left, or no time.
bool RequestCore::wait(std::optional<Duration> at_least, Instant now, RequestEffects& out) {
  if (retries_ + 1 >= policy_.attempts) return false;
  last_delay_ = policy_.backoff.delay(retries_ + 1, last_delay_, jitter_);
  const auto delay = std::max(last_delay_, at_least.value_or(Duration{}));
  if (now + delay >= limit_) return false;
  ++retries_;
  state_ = State::waiting;
  next_ = now + delay;
  out.emplace_back(RequestWaits{delay});
  return true;
}

void RequestCore::end(RequestEffect outcome, RequestEffects& out) {
  state_ = State::over;
  out.push_back(outcome);
}

void RequestCore::cancel(RequestEffects& out) {
  if (state_ == State::trying) out.emplace_back(RequestAbort{number_});
  state_ = State::over;
}

std::optional<Instant> RequestCore::next_deadline() const noexcept {
  switch (state_) {
    case State::trying: return limit_;
    case State::waiting: return next_;
    case State::idle:
    case State::over: break;
  }
  return std::nullopt;
}

void RequestCore::on_deadline(Instant now, RequestEffects& out) {
  if (state_ == State::waiting && now >= next_ && now < limit_) return attempt(false, out);
  if ((state_ != State::trying && state_ != State::waiting) || now < limit_) return;
  cancel(out);
  end(RequestFailed{std::make_error_code(std::errc::timed_out)}, out);
}

}  // namespace phx::core
