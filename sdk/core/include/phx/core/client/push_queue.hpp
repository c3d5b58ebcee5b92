#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <phx/core/client/effects.hpp>
#include <phx/core/client/policy.hpp>
#include <phx/core/client/ref.hpp>
#include <phx/core/time.hpp>

namespace phx::core {

inline constexpr Instant never = Instant::max();

/// A push that was sent and is waiting for its reply.
struct InFlight {
  Ref ref;
  PushId id{};
  Instant deadline = never;
  ChannelId channel{};
  bool leave = false;  ///< answered although its channel is closed already (D-3)
};

/// The pushes of one socket that wait for replies, in the order in which they were sent. Replies mostly come in that
/// order, so a search starts at the oldest and usually ends there.
class InFlightPushes {
 public:
  void add(const InFlight& push) { pushes_.push_back(push); }
  const InFlight* find(Ref ref) const noexcept;
  std::optional<InFlight> take(Ref ref) noexcept;
  std::optional<InFlight> take(PushId id) noexcept;
  /// The next one whose deadline is at or before `now`, or that belongs to `channel` (leaves excepted).
  std::optional<InFlight> take_due(Instant now) noexcept;
  std::optional<InFlight> take_of(ChannelId channel) noexcept;

  Instant earliest() const noexcept;
  std::size_t size() const noexcept { return pushes_.size() - head_; }

 private:
  std::optional<InFlight> take_at(std::size_t index) noexcept;

  std::vector<InFlight> pushes_;
  std::size_t head_ = 0;  // everything before it is taken
};

/// What becomes of a push when its channel is not joined, or its connection is lost.
enum class Delivery : std::uint8_t {
  queue,          ///< waits until joined; once sent it is not sent again (phoenix.js)
  if_joined,      ///< fails at once with std::errc::not_connected unless it can leave now
  at_least_once,  ///< sent again after every rejoin until it is answered or given up; a second copy may arrive
  latest          ///< waits until joined; a newer one with its key takes its turn, it ends with `cancelled`
};

/// A push waiting for its channel to be joined; with at_least_once also a sent one waiting for its answer.
struct BufferedPush {
  PushId id{};
  Duration timeout{};
  Instant deadline = never;
  std::string event;
  std::string payload;
  PayloadKind kind = PayloadKind::json;
  Delivery delivery = Delivery::queue;
  bool suspends = false;
  bool sent = false;  ///< at_least_once: its newest copy is in flight, or was when the connection was lost
  std::string key;

  std::size_t bytes() const noexcept { return event.size() + payload.size() + key.size(); }
};

/// A frame waiting for the socket to open. Kept as fields, not as bytes: it is encoded when it is sent.
struct BufferedFrame {
  PushId id{};  ///< none for frames nobody waits for
  std::string join_ref;
  std::string ref;
  std::string topic;
  std::string event;
  std::string payload;
  PayloadKind kind = PayloadKind::json;
  bool suspends = false;

  MessageView view() const noexcept;
  std::size_t bytes() const noexcept { return topic.size() + event.size() + payload.size(); }
};

/// A queue with limits on count and bytes (D-14).
template <class Item>
class BoundedQueue {
 public:
  /// Appends `item`, or does not: then a failure effect is emitted for what had to go (`item`, or the oldest ones).
  void push(Item item, const QueueLimits& limits, ChannelId channel, Effects& out);
  bool room_for(std::size_t bytes, const QueueLimits& limits) const noexcept;

  std::vector<Item>& items() noexcept { return items_; }
  const std::vector<Item>& items() const noexcept { return items_; }
  std::size_t bytes() const noexcept { return bytes_; }

  Item take(std::size_t index);
  /// Keeps the items for which keep(item) is true.
  template <class Keep>
  void retain(Keep&& keep) {
    std::erase_if(items_, [&](const Item& item) {
      if (keep(item)) return false;
      bytes_ -= item.bytes();
      return true;
    });
  }
  /// Everything, leaving the queue empty and without memory.
  std::vector<Item> take_all() noexcept;

 private:
  std::vector<Item> items_;
  std::size_t bytes_ = 0;
};

extern template class BoundedQueue<BufferedPush>;
extern template class BoundedQueue<BufferedFrame>;

}  // namespace phx::core
