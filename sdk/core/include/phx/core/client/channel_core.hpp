#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <phx/core/client/effects.hpp>
#include <phx/core/client/link.hpp>
#include <phx/core/client/push_queue.hpp>
#include <phx/core/time.hpp>

namespace phx::core {

struct ChannelOptions {
  std::string topic;
  std::string params = "{}";        ///< raw JSON; unused with dynamic_params
  bool dynamic_params = false;      ///< ask with NeedJoinParams at each join and rejoin (C2)
  std::optional<Duration> timeout;  ///< none: the socket's
};

/// One push. Borrowed for the call.
struct PushRequest {
  std::string_view event;
  std::string_view payload = "{}";  ///< raw JSON, trusted; or bytes
  PayloadKind kind = PayloadKind::json;
  std::optional<Duration> timeout = std::nullopt;  ///< none: the channel's
  Delivery delivery = Delivery::queue;
  std::string_view key = {};  ///< at_least_once: its id; latest: its key
  Instant until = never;      ///< at_least_once: when it is given up; replaces the timeout
  bool suspends = false;      ///< the caller waits for the answer (OnFull::wait)
};

/// Client half of one channel.
///
///   closed --join--> joining --ok--> joined --leave--> leaving --> closed
///                    |   ^              |
///             error, |   | rejoin timer,| phx_error, connection lost
///             timeout v  | socket opens v
///                       errored <-------+        phx_close: any --> closed
///
/// `leaving` lasts no longer than the call of leave(). Reads no clock, never blocks, calls no user code. Owned by a SocketCore,
/// which gives it the Link to send through. Rules: phoenix.js channel.js, push.js; spec client-semantics 3.6 to 3.8.
class ChannelCore {
 public:
  ChannelCore(ChannelId id, ChannelOptions options, Duration socket_timeout);

  /// Throws std::logic_error when joined before and not closed since (D-18).
  void require_joinable(const Policy& policy) const;
  /// First join, or a join after closed. Throws as require_joinable. Owner: first leave other channels of this topic.
  void join(std::optional<Duration> timeout, Link& link, Instant now, Effects& out);
  /// Answers NeedJoinParams.
  void join_params(std::uint32_t request, std::string_view params, Link& link, Effects& out);
  /// Throws std::logic_error before the first join.
  void push(PushId id, const PushRequest& request, Link& link, Instant now, Effects& out);
  void leave(PushId id, std::optional<Duration> timeout, CloseCause cause, Link& link, Instant now, Effects& out);
  /// True when the push was buffered here and is gone now.
  bool cancel(PushId id);

  /// Same topic, and no join_ref or the one of the current join (C4).
  bool accepts(const EnvelopeView& in) const noexcept;
  void on_message(const EnvelopeView& in, Link& link, Instant now, Effects& out);
  /// The connection failed or closed. `payload` is a constant.
  void on_transport_error(std::string_view payload, Link& link, Instant now, Effects& out);
  void reset_rejoin_timer() noexcept;
  /// True when the owner must call rejoin(): the channel is errored. Sends a join that had to wait (D-1).
  bool on_socket_open(Link& link, Effects& out);
  /// Owner: first leave other channels of this topic.
  void rejoin(Link& link, Instant now, Effects& out);

  Instant deadline() const noexcept;
  /// Runs what is due. True when the owner must call rejoin().
  bool on_deadline(Link& link, Instant now, Effects& out);
  /// The channel goes away: its pushes fail (D-8).
  void fail_pushes(Link& link, Effects& out);

  ChannelId id() const noexcept { return id_; }
  ChannelState state() const noexcept { return state_; }
  const std::string& topic() const noexcept { return topic_; }
  /// Params of the newest join, raw JSON.
  const std::string& params() const noexcept { return params_; }
  Ref join_ref() const noexcept { return join_ref_; }
  Duration timeout() const noexcept { return timeout_; }
  bool joined_once() const noexcept { return joined_once_; }
  /// Among the channels that get messages: from creation or join() until closed.
  bool attached() const noexcept { return attached_; }
  bool can_push(const Link& link) const noexcept { return link.open && state_ == ChannelState::joined; }
  const BoundedQueue<BufferedPush>& push_buffer() const noexcept { return buffer_; }
  std::uint32_t rejoin_attempts() const noexcept { return rejoin_attempts_; }
  bool rejoin_scheduled() const noexcept { return rejoin_at_ != never; }

 private:
  void change(ChannelState to, Effects& out);
  void start_join(Link& link, Instant now, Effects& out);
  void send_join(Link& link, Effects& out);
  void forget_join() noexcept;
  void on_reply(const EnvelopeView& in, Link& link, Instant now, Effects& out);
  void on_join_reply(const ReplyView& reply, Link& link, Instant now, Effects& out);
  void on_error(PayloadKind kind, std::string_view payload, Link& link, Instant now, Effects& out);
  void on_join_timeout(Link& link, Instant now, Effects& out);
  void close(CloseCause cause, Link& link, Effects& out);
  void schedule_rejoin(Link& link, Instant now);
  void buffer(PushId id, const PushRequest& request, Link& link, Instant now, Effects& out);
  void keep(BufferedPush item, Link& link, Effects& out);
  void supersede(const PushRequest& request, Link& link, Effects& out);
  void answered(PushId id);
  std::error_code send_buffered(BufferedPush& item, Link& link, Instant now, Effects& out);
  void flush(Link& link, Instant now, Effects& out);
  std::error_code transmit(PushId id, const PushRequest& request, Instant deadline, Link& link, Effects& out);
  bool send_leave(Ref ref, Link& link, Effects& out);

  std::string topic_;
  std::string params_;
  Duration timeout_;
  Ref join_ref_;
  Instant join_deadline_ = never;
  Instant rejoin_at_ = never;
  Duration rejoin_delay_{};
  BoundedQueue<BufferedPush> buffer_;
  ChannelId id_;
  std::uint32_t rejoin_attempts_ = 0;
  std::uint32_t params_request_ = 0;
  ChannelState state_ = ChannelState::closed;
  bool dynamic_params_ = false;
  bool params_ready_ = false;  // dynamic params for the current join have come
  bool joined_once_ = false;
  bool attached_ = true;
  bool join_pending_ = false;  // the current join was started and has no answer
};

}  // namespace phx::core
