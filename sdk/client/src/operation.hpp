#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <phx/client/push.hpp>
#include <phx/core/client/effects.hpp>

#include "channel_shared.hpp"

namespace phx::client::detail {

using ReplyCompletion = MoveFunction<void(std::error_code, Reply)>;

/// What a Push stands for. A push or leave has one outcome; a join has one per rejoin: futures and completions get the first, hooks
/// all of them. As a slot it stands for its hooks.
class Operation final : public Slot, public std::enable_shared_from_this<Operation> {
 public:
  enum class Kind : std::uint8_t { once, join };

  Operation(std::shared_ptr<ChannelShared> channel, Kind kind);

  // any thread
  void receive(std::string status, Push::Hook hook);
  void on_failure(Push::FailureHook hook);
  /// Called with the first outcome where it becomes known: must not block nor throw.
  void watch(MoveFunction<void(const Result<Reply>&)> watcher);
  /// on_queue: run it as a callback of the socket; otherwise it knows its executor and is called where the outcome is known.
  void complete_with(ReplyCompletion completion, bool on_queue);
  /// Ends with `cancelled`; hooks hear nothing of it.
  void cancel();
  /// Ends with `cancelled`; whoever waits hears it.
  void give_up();

  /// True for the first outcome, and for every one of a join.
  bool resolve(const Result<Reply>& outcome);
  /// Fails before anybody can have added a hook: nothing waits in the callback queue for hooks that may never come.
  void refuse(std::error_code why);
  /// There will be no further outcome; counts as one only if there was none.
  void end(std::error_code why);
  /// A rejoin begins: a hook added now waits for its answer (C2).
  void forget();
  void release() noexcept override;

  const std::shared_ptr<ChannelShared>& channel() const noexcept { return channel_; }

  core::PushId id = core::PushId::none;  ///< on the strand only
  std::string stored_id;                 ///< in the store of the socket under this id; set before it is started
  std::string event;                     ///< of a push; on the strand only
  Instant started{};                     ///< of a push; on the strand only
  bool suspends = false;                 ///< a coroutine or completion waits for it; set before it is started

 private:
  struct Hook {
    std::string status;
    Push::Hook run;
    Push::FailureHook failed;  // one of the two
  };

  void run_hooks(const Result<Reply>& outcome);
  void run_hook(const Hook& hook, const Result<Reply>& outcome);
  void add(Hook hook);

  const std::shared_ptr<ChannelShared> channel_;  // with the session and the user's handles
  const Kind kind_;
  // guarded by the queue's mutex:
  std::optional<Result<Reply>> first_, latest_;  // latest_: what hooks have been told
  std::vector<MoveFunction<void(const Result<Reply>&)>> watchers_;
  ReplyCompletion completion_;
  bool completion_on_queue_ = false;
  bool needs_hooks_ = true;
  std::list<Hook> hooks_;  // stable nodes: a running hook may add another
};

}  // namespace phx::client::detail
