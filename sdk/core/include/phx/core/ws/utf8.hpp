#pragma once

#include <cstdint>
#include <string_view>

namespace phx::core::ws {

/// UTF-8 that arrives in pieces (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). Says no at the first byte
/// that cannot continue a valid text. Runs of ASCII are skipped 32 bytes at a time.
class Utf8Checker {
 public:
  /// False: the text is invalid, whatever follows; the checker is then of no further use.
  bool feed(std::string_view piece) noexcept;
  /// True between characters: the text may end here.
  bool complete() const noexcept { return pending_ == 0; }

  /// The whole text at once.
  static bool check(std::string_view text) noexcept {
    Utf8Checker checker;
    return checker.feed(text) && checker.complete();
  }

 private:
  // What may come next inside a character: how many bytes, and the range of the first of them.
  std::uint8_t pending_ = 0;
  std::uint8_t low_ = 0x80;
  std::uint8_t high_ = 0xBF;
};

}  // namespace phx::core::ws
