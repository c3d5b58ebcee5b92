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

/// A push waiting for its channel to be joined.
struct BufferedPush {
  PushId id{};
  Duration timeout{};
  Instant deadline = never;
  std::string event;
  std::string payload;
  PayloadKind kind = PayloadKind::json;

  std::size_t bytes() const noexcept { return event.size() + payload.size(); }
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
  /// Everything, leaving the queue empty and without memory.
  std::vector<Item> take_all() noexcept;

 private:
  std::vector<Item> items_;
  std::size_t bytes_ = 0;
};

extern template class BoundedQueue<BufferedPush>;
extern template class BoundedQueue<BufferedFrame>;

}  // namespace phx::core
