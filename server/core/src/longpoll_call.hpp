#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <phx/core/json.hpp>
#include <phx/core/time.hpp>
#include <phx/server/plug.hpp>
#include <phx/server/shard.hpp>

#include "longpoll_body.hpp"
#include "longpoll_mount.hpp"
#include "longpoll_session.hpp"

namespace phx::server::detail {

/// One request that needs a session, from its arrival to its answer. Lives on the shard of its connection.
///
///   looking --subscribed--> working --...--> answered
///      '------- pubsub_timeout: gone() ------^
///
/// Each request to the session is a step; replies to earlier steps come too late and are ignored.
class LongPollCall : public LongPollCaller, public std::enable_shared_from_this<LongPollCall> {
 public:
  LongPollCall(std::shared_ptr<const LongPollMount> mount, LongPollAddress address);

  void start(Conn conn, Answer answer);

  Shard& shard() noexcept override { return *shard_; }
  void on_reply(std::uint32_t step, Reply reply) override;
  void on_messages(std::uint32_t step, LongPollBatch messages) override;

 protected:
  virtual void found() = 0;
  virtual void gone() = 0;
  virtual void told(Reply reply) = 0;
  virtual void got(LongPollBatch) {}

  /// Sends the next step; when nothing comes of it in time, `late` runs.
  void ask(LongPollRequest request, Duration limit, std::function<void()> late);
  /// Answers with what `make` makes of the Conn; an error page when it throws.
  void finish(const std::function<Conn(Conn)>& make);

  const LongPollMount& mount() const noexcept { return *mount_; }
  Conn& conn() noexcept { return *conn_; }

 private:
  /// The client is still there to be answered. If not, the call is over.
  bool wanted();
  void stop_timer();

  std::shared_ptr<const LongPollMount> mount_;
  LongPollAddress address_;
  Shard* shard_ = nullptr;
  std::optional<Conn> conn_;      // until answered
  std::optional<Answer> answer_;  // until answered
  Shard::TimerId timer_ = 0;
  std::uint32_t step_ = 0;
  bool found_ = false;
};

/// GET with a token.
class PollCall final : public LongPollCall {
 public:
  PollCall(std::shared_ptr<const LongPollMount> mount, LongPollAddress address, std::string token, Json params);

 private:
  void found() override;
  void gone() override;
  void told(Reply reply) override;
  void got(LongPollBatch messages) override;
  void nothing();

  std::string token_;
  Json params_;
};

/// POST with a token.
class PublishCall final : public LongPollCall {
 public:
  using LongPollCall::LongPollCall;

 private:
  void found() override;
  void gone() override;
  void told(Reply reply) override;
  void next();
  void status(int status);

  std::optional<LongPollBody> body_;
};

}  // namespace phx::server::detail
