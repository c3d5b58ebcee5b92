#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <phx/core/time.hpp>
#include <phx/server/connection_core.hpp>
#include <phx/server/observer.hpp>
#include <phx/server/shard.hpp>
#include <phx/server/transport.hpp>

namespace phx::server::detail {

/// Messages on their way to a client: JSON strings, separated by commas, ready for the answer.
struct LongPollBatch {
  std::string json;
  bool unencodable = false;  ///< one was not UTF-8: the poll that gets this fails (golden binary_reply_not_utf8)

  bool empty() const noexcept { return json.empty() && !unencodable; }
  void append(std::string_view message);
};

/// A request that talks to a session, which may live on another shard. It is told on its own.
class LongPollCaller {
 public:
  enum class Reply : std::uint8_t {
    subscribed,    ///< the session is there
    acknowledged,  ///< the message has been handled
    refused,       ///< the message ended the session in an orderly way
    available,     ///< there is something to flush
    closing        ///< the endpoint goes away
  };
  virtual ~LongPollCaller() = default;
  virtual Shard& shard() noexcept = 0;
  /// step: of the request that is answered.
  virtual void on_reply(std::uint32_t step, Reply reply) = 0;
  virtual void on_messages(std::uint32_t step, LongPollBatch messages) = 0;
};

/// What a request asks of a session.
struct LongPollRequest {
  enum class Kind : std::uint8_t {
    subscribe,  ///< are you there
    flush,      ///< everything for the client, or word as soon as there is something
    dispatch,   ///< a message from the client
    give_back   ///< nobody was left to send these to
  };
  Kind kind;
  std::shared_ptr<LongPollCaller> caller;
  std::uint32_t step = 0;
  core::Opcode op = core::Opcode::text;
  std::string bytes = {};
  LongPollBatch messages = {};
};

/// One long-poll session: a mailbox and a buffer where a WebSocket session has a connection (server.md 3.5).
///
/// Requests are handled one at a time and wait while a join runs, as in the process that Phoenix has here. Frames are unpacked
/// from the outbox when the turn settles. Never destroyed from within: `on_end` is to do it later.
class LongPollSession final : public TransportLink, public Carrier {
 public:
  struct Settings {
    Duration window;
    std::size_t max_queue_bytes;
    Observer* observer;
    const TransportHandler* handler;
  };

  LongPollSession(Shard& shard, std::unique_ptr<TransportSession> session, const Settings& settings, std::function<void()> on_end);
  ~LongPollSession() override;

  /// Lets what the session's init throws pass.
  void open();
  void receive(LongPollRequest request);
  const TransportHandler* handler() const noexcept { return settings_.handler; }
  void drain();
  void shutdown();

  // TransportLink
  Outbox& outbox() noexcept override { return outbox_; }
  void close(std::uint16_t code, std::string_view reason) override;
  void pause_reading() override { ++holds_; }
  void resume_reading() override;

  // Carrier
  bool settle(Instant now) override;
  void flush(Instant) override {}

 private:
  struct Waiter {
    std::shared_ptr<LongPollCaller> caller;
    std::uint32_t step = 0;
  };

  void pump();
  void handle(LongPollRequest request);
  void dispatch(const LongPollRequest& request);
  void flush_to(Waiter poller);
  void take_back(LongPollBatch messages);
  bool collect();
  void arm_inactivity_check();
  void end(CloseCause cause);
  void report(const std::exception_ptr& why);
  void end_waiting();
  static void tell(Waiter whom, LongPollCaller::Reply reply);

  Shard& shard_;
  CarrierOutbox outbox_;
  std::unique_ptr<TransportSession> session_;
  Settings settings_;
  std::function<void()> on_end_;
  std::deque<LongPollRequest> mailbox_;
  std::size_t waiting_bytes_ = 0;  // of messages in it
  LongPollBatch buffer_;
  std::optional<Waiter> poller_;      // waits for something to flush
  std::optional<Waiter> unanswered_;  // its message started a join that is suspended
  Instant last_poll_;
  Shard::TimerId timer_ = 0;
  std::uint16_t holds_ = 0;
  bool close_wanted_ = false;
  bool ended_ = false;
};

}  // namespace phx::server::detail
