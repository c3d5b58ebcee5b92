#include <phx/core/client/credential_core.hpp>

namespace phx::core {

CredentialQuestion CredentialCore::ask() noexcept {
  return asked_.emplace(CredentialQuestion{++last_id_, waiting_.reason, waiting_.refresh_credentials});
}

std::optional<CredentialQuestion> CredentialCore::need(const OpenTransport& attempt, Instant now) {
  waiting_ = attempt;
  deadline_ = now + limit_;
  if (asked_) return {};
  return ask();
}

void CredentialCore::cancel(Generation generation) noexcept {
  if (waiting_.generation != generation) return;
  waiting_.generation = Generation::none;
  deadline_ = never;
}

CredentialCore::Answer CredentialCore::answered(std::uint32_t id) noexcept {
  if (!asked_ || asked_->id != id) return {};  // too late, or answered twice
  const bool was_fresh = asked_->refresh;
  asked_.reset();
  const Generation generation = waiting_.generation;
  if (generation == Generation::none) return {};
  if (waiting_.refresh_credentials && !was_fresh) return {.generation = Generation::none, .again = ask()};
  cancel(generation);
  return {.generation = generation, .again = {}};
}

Generation CredentialCore::on_deadline(Instant now) noexcept {
  if (deadline_ > now) return Generation::none;
  const Generation late = waiting_.generation;
  cancel(late);
  asked_.reset();
  return late;
}

}  // namespace phx::core
