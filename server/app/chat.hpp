#pragma once

#include <atomic>
#include <cstdint>

namespace phx::app {

/// The Chat context: owns the messages. Today it only numbers them; uniqueness is per process. Thread-safe.
class Chat {
 public:
  std::uint64_t next_message_id() noexcept { return ++last_id_; }

 private:
  std::atomic<std::uint64_t> last_id_{0};
};

}  // namespace phx::app
