#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace phx::client::detail {

/// What is on its way between threads: received messages that wait for slow callbacks, pushes that wait for a busy strand. Any thread.
/// Threads that look at the same moment may exceed the limit by one item each.
class Backlog {
 public:
  Backlog(std::size_t max_count, std::size_t max_bytes) noexcept : max_count_(max_count), max_bytes_(max_bytes) {}
  bool full() const noexcept { return count_ >= max_count_ || bytes_ >= max_bytes_; }
  /// The same, for who then turns somebody away; refused() counts those.
  bool refuses() noexcept {
    if (!full()) return false;
    ++refused_;
    return true;
  }
  std::uint64_t refused() const noexcept { return refused_; }

  /// Counts one message or push for as long as it lives.
  class Item {
   public:
    Item(std::shared_ptr<Backlog> of, std::size_t bytes) noexcept : of_(std::move(of)), bytes_(bytes) {
      ++of_->count_;
      of_->bytes_ += bytes_;
    }
    Item(Item&&) noexcept = default;
    Item& operator=(Item&&) = delete;
    ~Item() {
      if (!of_) return;
      --of_->count_;
      of_->bytes_ -= bytes_;
    }

   private:
    std::shared_ptr<Backlog> of_;  // with the socket; null after a move
    std::size_t bytes_;
  };

 private:
  const std::size_t max_count_, max_bytes_;
  std::atomic<std::size_t> count_ = 0, bytes_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
};

}  // namespace phx::client::detail
