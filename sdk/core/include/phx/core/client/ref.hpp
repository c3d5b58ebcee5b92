#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include <phx/core/envelope.hpp>

namespace phx::core {

/// A ref this client made: a decimal number, a JSON string on the wire. Absent refs are `null`.
class Ref {
 public:
  constexpr Ref() noexcept = default;
  constexpr explicit Ref(std::uint64_t value) noexcept : value_(value) {}

  constexpr bool present() const noexcept { return value_ != absent; }
  constexpr std::uint64_t value() const noexcept { return value_; }
  constexpr bool operator==(const Ref&) const noexcept = default;
  constexpr auto operator<=>(const Ref&) const noexcept = default;

 private:
  static constexpr std::uint64_t absent = ~std::uint64_t{0};
  std::uint64_t value_ = absent;
};

/// The raw JSON token of a ref: `"12"`, or `null`. Owns its characters; `view()` lives as long as the token.
class RefToken {
 public:
  explicit RefToken(Ref ref) noexcept {
    if (!ref.present()) {
      null_token.copy(text_, null_token.size());
      size_ = static_cast<std::uint8_t>(null_token.size());
      return;
    }
    text_[0] = '"';
    char* end = std::to_chars(text_ + 1, text_ + sizeof text_ - 1, ref.value()).ptr;
    *end++ = '"';
    size_ = static_cast<std::uint8_t>(end - text_);
  }
  std::string_view view() const noexcept { return {text_, size_}; }

 private:
  char text_[24] = {};
  std::uint8_t size_ = 0;
};

/// The ref a token names; absent for `null` and for tokens this client cannot have made (`7`, `"07"`, `"x"`).
inline Ref parse_ref(std::string_view token) noexcept {
  if (token.size() < 3 || token.front() != '"' || token.back() != '"') return Ref{};
  const std::string_view digits = token.substr(1, token.size() - 2);
  if (digits.size() > 1 && digits.front() == '0') return Ref{};
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return Ref{};
  return Ref{value};
}

/// The one counter of a socket. First ref "1"; restarts at "0" where a JavaScript number stops counting.
/// Rules: spec client-semantics F1, SO-37, SO-38.
class RefCounter {
 public:
  static constexpr std::uint64_t last = std::uint64_t{1} << 53;

  constexpr RefCounter() noexcept = default;
  constexpr explicit RefCounter(std::uint64_t current) noexcept : current_(current) {}

  constexpr Ref next() noexcept {
    current_ = current_ >= last ? 0 : current_ + 1;
    return Ref{current_};
  }
  constexpr std::uint64_t current() const noexcept { return current_; }

 private:
  std::uint64_t current_ = 0;
};

}  // namespace phx::core
