#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <phx/core/envelope.hpp>
#include <phx/server/introspection.hpp>
#include <phx/server/transport.hpp>
#include <phx/server/user_socket.hpp>

#include "channel_actor.hpp"
#include "session_handle.hpp"
#include "topic_table.hpp"

namespace phx::server::detail {

/// One connection of a channels socket: which topics it has joined, and what each message means (server.md 5.1).
///
/// The transport's mailbox of Phoenix has no counterpart but the outbox: frames are written in program order. While a join runs the
/// outbox is held, so that the join reply comes before every frame posted meanwhile (server.md 0.1.4, 5.4).
class ChannelsSession final : public TransportSession, public Subscriber {
 public:
  ChannelsSession(const ChannelSocketHandler& handler, TopicTable& table, std::shared_ptr<SessionHandle> handle, Assigns assigns);
  ChannelsSession(const ChannelsSession&) = delete;
  ChannelsSession& operator=(const ChannelsSession&) = delete;
  ~ChannelsSession() override;

  void init(TransportLink& link, Instant now) override;
  void handle_in(Opcode op, std::string_view bytes, Instant now) override;
  void terminate(CloseCause cause, Instant now) override;
  bool drain(Instant now) override;
  void on_broadcast(const BroadcastPtr& message) override;

  // What channels say.
  void join_accepted(std::string_view ref, const Payload& response);
  void join_refused(std::string_view ref, const Payload& response);
  void closed(const ChannelActor& actor);
  void crashed(const ChannelActor& actor);
  Outbox& outbox() const noexcept { return link_->outbox(); }
  /// One of them has enough to do.
  void pause_reading() { link_->pause_reading(); }
  void resume_reading() { link_->resume_reading(); }
  /// Throws std::invalid_argument when the message cannot be encoded for this client.
  void write(const core::MessageView& message, bool ahead = false);

  SocketInfo info() const;
  ChannelsSession* next() const noexcept { return next_; }

 private:
  struct Slot {
    ActorRef actor;
    bool null_join_ref = false;  // the join came without one; the actor then uses its ref
    bool leaving = false;
    std::string_view join_ref() const noexcept { return null_join_ref ? core::null_token : actor->join_ref(); }
  };

  void dispatch(const core::EnvelopeView& message);
  void on_join(const core::EnvelopeView& message);
  void start_join(const core::EnvelopeView& message, std::unique_ptr<Channel> channel, Assigns assigns);
  void close_duplicate(std::size_t index);
  void answer_join(std::string_view ref, std::string_view status, const Payload& response);
  void end_join();
  void on_joined_topic(Slot& slot, const core::EnvelopeView& message);
  void answer(const core::EnvelopeView& request, std::string_view join_ref, std::string_view status, std::string_view response);
  void unmatched(const core::EnvelopeView& message);
  void write_end(const Slot& slot, std::string_view event, std::string_view payload);
  std::size_t find(const core::EnvelopeView& message) const noexcept;
  std::size_t find(const ChannelActor& actor) const noexcept;
  Slot take(std::size_t index);
  void close(std::uint16_t code, StopReason reason);
  static StopReason reason_for(CloseCause cause);
  void list();
  void unlist() noexcept;

  static constexpr std::size_t none = SIZE_MAX;

  const ChannelSocketHandler& handler_;
  TopicTable& table_;
  std::shared_ptr<SessionHandle> handle_;
  TransportLink* link_ = nullptr;
  Assigns assigns_;
  std::vector<Slot> slots_;
  Slot joining_;  // its actor is set while a join runs
  std::unique_ptr<Registration> id_registration_;
  struct PendingClose {
    std::uint16_t code;
    StopReason reason;
  };
  std::unique_ptr<PendingClose> close_;  // asked for: done once no join runs; then says why the channels end
  ChannelsSession* next_ = nullptr;      // of the shard's list, as the next
  ChannelsSession* previous_ = nullptr;
  bool paused_ = false;
  bool closing_ = false;
  bool told_limit_ = false;  // of channels
};

}  // namespace phx::server::detail
