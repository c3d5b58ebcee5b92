#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <phx/core/time.hpp>

namespace phx::app {

/// Sixty messages a minute for each speaker in a room, however many sockets, joins and requests it takes. From any thread.
class MessageRates {
 public:
  static constexpr std::size_t max_windows = 100'000;

  /// Counts one message. It is one too many: how long to wait.
  std::optional<Duration> over(std::string_view who, Instant now);
  /// Whose messages are counted just now.
  std::size_t size() const;

 private:
  struct Window {
    Instant began;
    int messages = 0;
  };
  void make_room(Instant now);

  mutable std::mutex mutex_;  // guards windows_
  std::unordered_map<std::string, Window> windows_;
};

}  // namespace phx::app
