#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <phx/client/channel.hpp>
#include <phx/core/error.hpp>
#include <phx/core/time.hpp>

namespace phx::client {

namespace detail {
class ReceiverShared;
}

/// What a full receiver does with one more message. `fail`: it drops this one and those after it, until what waits has been received; the
/// next receive then fails once with `queue_full`, where the gap is, and receiving goes on behind it.
enum class WhenFull : std::uint8_t { drop_oldest, drop_newest, fail };

struct ReceiverOptions {
  std::string event{};  ///< empty: every message of the channel
  std::size_t max_count = 1000;
  std::size_t max_bytes = std::size_t{4} << 20;  ///< of payloads
  WhenFull when_full = WhenFull::drop_oldest;
};

/// Pulls the messages of a channel instead of being called: `co_await inbox.async_receive(use_awaitable)`. Messages wait in a bounded
/// queue; those that were dropped are counted. Any thread. After the channel has closed the queue empties, then every receive fails with
/// `channel_closed`; joining it again opens the receiver again. Its destructor ends waiting receives with `cancelled`.
class Receiver {
 public:
  explicit Receiver(Channel& channel, ReceiverOptions options = {});
  ~Receiver();
  Receiver(Receiver&&) noexcept;
  Receiver& operator=(Receiver&&) noexcept;

  /// Nothing also at a gap (WhenFull::fail), once: dropped() has grown then.
  std::optional<Message> try_receive();
  /// Waits at most that long: std::errc::timed_out. Not inside a callback of the same socket.
  Result<Message> receive(Duration timeout);
  /// Messages lost because the queue was full, so far.
  std::size_t dropped() const;

  /// void(boost::system::error_code, Message). Cancellation slots are honoured. Receives that wait are served in turn.
  /// Defined in <phx/client/async.hpp>.
  template <class Token>
  auto async_receive(Token&& token);

 private:
  std::shared_ptr<detail::ReceiverShared> shared_;  // with the handlers of its channel and receives that wait
  Subscription messages_, closes_, states_;
};

}  // namespace phx::client
