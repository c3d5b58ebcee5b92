#include <phx/net/happy_eyeballs.hpp>

#include <algorithm>

namespace phx::net {

std::vector<std::size_t> interleaved(std::span<const Family> addresses) {
  std::vector<std::size_t> order, others;
  for (std::size_t i = 0; i < addresses.size(); ++i) (addresses[i] == addresses[0] ? order : others).push_back(i);
  for (std::size_t i = 0; i < others.size(); ++i)
    order.insert(order.begin() + static_cast<std::ptrdiff_t>(std::min(2 * i + 1, order.size())), others[i]);
  return order;
}

HappyEyeballs::HappyEyeballs(std::size_t addresses, Instant deadline, Duration stagger)
    : count_(addresses), deadline_(deadline), stagger_(stagger) {}

std::optional<std::size_t> HappyEyeballs::next_attempt(Instant now) noexcept {
  if (state_ != State::racing || started_ == count_ || now < next_at_ || now >= deadline_) return {};
  next_at_ = now + stagger_;
  return started_++;
}

void HappyEyeballs::failed() noexcept {
  if (state_ != State::racing) return;
  ++failed_;
  next_at_ = Instant::min();
  if (failed_ == count_) state_ = State::lost;
}

void HappyEyeballs::succeeded() noexcept {
  if (state_ == State::racing) state_ = State::won;
}

void HappyEyeballs::on_deadline(Instant now) noexcept {
  if (state_ == State::racing && now >= deadline_) state_ = State::late;
}

Instant HappyEyeballs::next_deadline() const noexcept {
  return started_ == count_ || state_ != State::racing ? deadline_ : std::min(deadline_, next_at_);
}

}  // namespace phx::net
