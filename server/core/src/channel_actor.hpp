#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/core/envelope.hpp>
#include <phx/server/assigns.hpp>
#include <phx/server/channel.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/socket.hpp>
#include <phx/server/tracker.hpp>

#include "call_pool.hpp"
#include "session_handle.hpp"
#include "topic_table.hpp"

namespace phx::server::detail {

class ChannelActor;

/// Counted owner of an actor: its session, its timers, whatever will resume it. Never leaves the shard.
class ActorRef {
 public:
  ActorRef() = default;
  explicit ActorRef(ChannelActor* actor) noexcept;
  ActorRef(const ActorRef& other) noexcept : ActorRef(other.actor_) {}
  ActorRef(ActorRef&& other) noexcept : actor_(std::exchange(other.actor_, nullptr)) {}
  ActorRef& operator=(ActorRef other) noexcept {
    std::swap(actor_, other.actor_);
    return *this;
  }
  ~ActorRef();
  ChannelActor* operator->() const noexcept { return actor_; }
  ChannelActor* get() const noexcept { return actor_; }
  explicit operator bool() const noexcept { return actor_ != nullptr; }

 private:
  ChannelActor* actor_ = nullptr;
};

/// Leaves a callback for Socket::kill().
struct Killed {};

/// One joined topic of one connection: Phoenix's channel process without a process.
///
///   joining --JoinOk--> joined --stop, crash, leave, transport gone--> ended
///      |                                                                 ^
///      +---- JoinError, exception ---------------------------------------+
///
/// One callback at a time: `call_` is the one that runs or is suspended, the others wait in the mailbox. A client's message to an idle
/// actor is handled in place; everything else (own messages, broadcasts, leave) goes through the mailbox, so a callback
/// never runs inside another one. Rules: Phoenix.Channel.Server; spec server.md 5.3 to 5.6, 6.3.
class ChannelActor final : public Subscriber {
 public:
  ChannelActor(std::shared_ptr<SessionHandle> session, TopicTable& table, std::string_view topic, std::string_view join_ref,
               std::unique_ptr<Channel> channel, Assigns assigns);
  ChannelActor(const ChannelActor&) = delete;
  ChannelActor& operator=(const ChannelActor&) = delete;
  ~ChannelActor();

  // What the session says.
  void join(const core::EnvelopeView& request);
  void on_event(const core::EnvelopeView& message);
  void on_leave(const core::EnvelopeView& message);
  void on_transport_closed(const StopReason& reason);
  /// Ends on the spot without callbacks, as by an exit signal (a newer join took the topic).
  void abandon();

  void on_broadcast(const BroadcastPtr& message) override;

  // What its Socket offers; see socket.hpp.
  const std::string& topic() const noexcept { return topic_->name(); }
  std::string_view join_ref() const noexcept { return join_ref_; }
  std::string_view ref() const noexcept {
    return call_ && call_->kind == Call::Kind::event ? std::string_view(call_->ref) : core::null_token;
  }
  const SessionHandle& session() const noexcept { return *session_; }
  bool ended() const noexcept { return state_ == State::ended; }
  bool joined() const noexcept { return state_ == State::joined || state_ == State::closing; }
  Shard& shard() const noexcept { return table_.shard(); }
  Assigns& assigns() noexcept { return assigns_; }
  void push(std::string_view event, const Payload& payload);
  void announce_close();
  void broadcast(bool to_self, std::string_view event, const Payload& payload);
  SocketRef socket_ref() const;
  ChannelRef self();
  void subscribe(std::string_view topic);
  void unsubscribe(std::string_view topic);
  void tell(Info message);
  Shard::TimerId send_after(Duration delay, Info message);
  void cancel_timer(Shard::TimerId timer);

  /// Who this is to trackers; asking makes it one.
  ActorId actor_id();
  /// Calls `ended` when the actor has ended, once per `who`.
  void monitor(const void* who, std::function<void()> ended);

 private:
  friend class ActorRef;
  /// closing: terminate runs; it may still push.
  enum class State : std::uint8_t { joining, joined, closing, ended };
  struct Extras;

  bool idle() const noexcept { return state_ == State::joined && !call_ && !mailbox_head_; }
  void enqueue(Call* call);
  void overflow();
  static std::size_t weight(const Call& call) noexcept;
  void count_waiting(const Call& call);
  void count_taken(const Call& call);
  void schedule();
  void drain();

  void start(Call* call);
  HandleResult invoke(Call& call);
  template <class F>
  bool survives(F&& user_code);
  void suspend();
  void resume();
  void finish();
  void release_call();

  void start_join();
  void finish_join();
  void accept_join(const Payload& response);
  void refuse_join(const Payload& response);
  void join_crashed(std::string_view why);
  void tell_joined(bool ok) const;
  Instant clock(Durations wanted) const;

  void apply(const Call& call, std::monostate nothing);
  void apply(const Call& call, NoReply&& result);
  void apply(const Call& call, Reply&& result);
  void apply(const Call& call, Stop&& result);
  void apply(const Call& call, StopReply&& result);
  void handled(const Call& call) const;
  void leave(const Call& call);
  void write_reply(const Call& call, const Reply& reply);

  void stop(const StopReason& reason);
  void close(const StopReason& reason);
  void crash(std::string_view why);
  void exit_killed();
  void run_terminate(const StopReason& reason);
  void end();
  void log(Level level, std::string_view what, std::string_view detail) const;
  void require_joined(const char* what) const;

  Extras& extras();

  std::shared_ptr<SessionHandle> session_;
  TopicTable& table_;
  TopicRef topic_;
  std::unique_ptr<Channel> channel_;
  Assigns assigns_;
  std::string join_ref_;
  Registration registration_;
  Call* call_ = nullptr;
  Call* mailbox_head_ = nullptr;
  Call* mailbox_tail_ = nullptr;
  std::unique_ptr<Extras> extras_;  // what most channels never need
  Socket socket_;
  std::uint32_t refs_ = 0;
  std::uint32_t waiting_ = 0;          // messages in the mailbox
  std::uint32_t client_messages_ = 0;  // of the client, among them
  std::size_t client_bytes_ = 0;
  State state_ = State::joining;
  bool scheduled_ = false;
  bool announced_ = false;  // a custom channel said that it ends
  bool paused_ = false;     // reading from the client, until less waits
  bool overflows_ = false;
};

}  // namespace phx::server::detail
