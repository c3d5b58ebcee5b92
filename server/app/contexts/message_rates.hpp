#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include <phx/core/time.hpp>

namespace phx::app {

/// Sixty messages a minute for each speaker in a room, however many sockets and joins it takes. From any thread.
class MessageRates {
 public:
  /// Counts one message; true: it is one too many.
  bool over(std::string_view who, Instant now);

 private:
  struct Window {
    Instant began;
    int messages = 0;
  };
  void make_room(Instant now);

  std::mutex mutex_;  // guards windows_
  std::unordered_map<std::string, Window> windows_;
};

}  // namespace phx::app
