#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <phx/core/time.hpp>

namespace phx::net {

enum class Family : std::uint8_t { v4, v6 };

/// The order in which to try addresses (RFC 8305 4): the resolver's, with the families taking turns, its first one first. Indexes.
std::vector<std::size_t> interleaved(std::span<const Family> addresses);

/// When to try which of several addresses (RFC 8305 5): one after the other, the next one 250 ms after the last or as soon as one of
/// those under way has failed; the others go on meanwhile. The first that connects wins; the owner cancels the others.
///
///   racing --all failed--> lost          racing --succeeded--> won          racing --deadline--> late
///
/// Reads no clock, does no I/O. Give inputs, then start next_attempt() until there is none, then arm a timer for next_deadline().
class HappyEyeballs {
 public:
  enum class State : std::uint8_t { racing, won, lost, late };

  /// At least one address. No attempt lasts beyond `deadline`.
  HappyEyeballs(std::size_t addresses, Instant deadline, Duration stagger = std::chrono::milliseconds(250));

  /// The number in the order of the address to try now, if any.
  std::optional<std::size_t> next_attempt(Instant now) noexcept;
  /// One of the attempts has failed: the next begins at once.
  void failed() noexcept;
  void succeeded() noexcept;
  void on_deadline(Instant now) noexcept;

  State state() const noexcept { return state_; }
  Instant next_deadline() const noexcept;

 private:
  std::size_t count_;
  Instant deadline_;
  Duration stagger_;
  Instant next_at_ = Instant::min();
  std::size_t started_ = 0, failed_ = 0;
  State state_ = State::racing;
};

}  // namespace phx::net
