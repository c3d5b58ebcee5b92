#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace phx::load {

// What travels inside messages, so that no user has to remember what it sent: fixed width, so that a prepared frame is filled in
// place; digits 0-9A-Za-z-_ (six bits each), so that no JSON escapes them.

inline constexpr std::size_t user_digits = 5, seq_digits = 5, time_digits = 10, lag_digits = 5, run_digits = 4;

void put_digits(char* at, std::size_t digits, std::uint64_t value) noexcept;
/// nullopt: not digits.
std::optional<std::uint64_t> get_digits(std::string_view text) noexcept;

/// `~pRRRRUUUUUNNNNNTTTTTTTTTTLLLLL` inside some string of a broadcast's payload: run, publishing user, its sequence number from 1, when it was
/// sent (ns of the monotonic clock), how much later than planned (us).
struct Stamp {
  std::uint32_t user = 0, seq = 0;
  std::int64_t sent_ns = 0;
  std::int64_t lag_us = 0;

  static constexpr std::size_t size = 2 + run_digits + user_digits + seq_digits + time_digits + lag_digits;
  bool operator==(const Stamp&) const = default;
};
/// The least payload of a publish: {"body":"STAMP"}.
inline constexpr std::size_t least_stamped_bytes = std::string_view(R"({"body":""})").size() + Stamp::size;
/// "~p" and the run: what a receiver looks for. Messages of other runs do not count.
std::string stamp_marker(std::uint32_t run);
void put_stamp(char* at, const Stamp& stamp, std::string_view marker) noexcept;
/// `text` begins behind the marker. nullopt: cut or not digits.
std::optional<Stamp> read_stamp(std::string_view text) noexcept;

/// Ref of a push: `NNNNNTTTTTTTTTTLLLLL`, the user's number of it, sent, lag.
struct PushRef {
  std::uint32_t seq = 0;
  std::int64_t sent_ns = 0;
  std::int64_t lag_us = 0;

  static constexpr std::size_t size = seq_digits + time_digits + lag_digits;
  bool operator==(const PushRef&) const = default;
};
void put_ref(char* at, const PushRef& ref) noexcept;
std::optional<PushRef> read_ref(std::string_view text) noexcept;

}  // namespace phx::load
