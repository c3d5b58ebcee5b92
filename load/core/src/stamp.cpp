#include <phx/load/stamp.hpp>

#include <array>
#include <cstring>

namespace phx::load {
namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> out{};
  out.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) out[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return out;
}
constexpr auto values = make_values();

}  // namespace

void put_digits(char* at, std::size_t digits, std::uint64_t value) noexcept {
  for (std::size_t i = digits; i-- > 0; value >>= 6) at[i] = alphabet[value & 63];
}

std::optional<std::uint64_t> get_digits(std::string_view text) noexcept {
  std::uint64_t out = 0;
  for (const char c : text) {
    const auto v = values[static_cast<unsigned char>(c)];
    if (v < 0) return std::nullopt;
    out = out << 6 | static_cast<std::uint64_t>(v);
  }
  return out;
}

std::string stamp_marker(std::uint32_t run) {
  std::string out(2 + run_digits, '~');
  out[1] = 'p';
  put_digits(out.data() + 2, run_digits, run);
  return out;
}

void put_stamp(char* at, const Stamp& stamp, std::string_view marker) noexcept {
  std::memcpy(at, marker.data(), marker.size());
  at += marker.size();
  put_digits(at, user_digits, stamp.user);
  put_digits(at + user_digits, seq_digits, stamp.seq);
  put_digits(at + user_digits + seq_digits, time_digits, static_cast<std::uint64_t>(stamp.sent_ns));
  put_digits(at + user_digits + seq_digits + time_digits, lag_digits, static_cast<std::uint64_t>(stamp.lag_us));
}

std::optional<Stamp> read_stamp(std::string_view text) noexcept {
  if (text.size() < Stamp::size - 2 - run_digits) return std::nullopt;
  const auto user = get_digits(text.substr(0, user_digits));
  const auto seq = get_digits(text.substr(user_digits, seq_digits));
  const auto sent = get_digits(text.substr(user_digits + seq_digits, time_digits));
  const auto lag = get_digits(text.substr(user_digits + seq_digits + time_digits, lag_digits));
  if (!user || !seq || !sent || !lag) return std::nullopt;
  return Stamp{static_cast<std::uint32_t>(*user), static_cast<std::uint32_t>(*seq), static_cast<std::int64_t>(*sent),
               static_cast<std::int64_t>(*lag)};
}

void put_ref(char* at, const PushRef& ref) noexcept {
  put_digits(at, seq_digits, ref.seq);
  put_digits(at + seq_digits, time_digits, static_cast<std::uint64_t>(ref.sent_ns));
  put_digits(at + seq_digits + time_digits, lag_digits, static_cast<std::uint64_t>(ref.lag_us));
}

std::optional<PushRef> read_ref(std::string_view text) noexcept {
  if (text.size() != PushRef::size) return std::nullopt;
  const auto seq = get_digits(text.substr(0, seq_digits));
  const auto sent = get_digits(text.substr(seq_digits, time_digits));
  const auto lag = get_digits(text.substr(seq_digits + time_digits));
  if (!seq || !sent || !lag) return std::nullopt;
  return PushRef{static_cast<std::uint32_t>(*seq), static_cast<std::int64_t>(*sent), static_cast<std::int64_t>(*lag)};
}

}  // namespace phx::load
