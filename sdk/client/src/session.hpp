#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <phx/core/client/credential_core.hpp>
#include <phx/core/client/socket_core.hpp>

#include "carrier.hpp"
#include "channel_shared.hpp"
#include "operation.hpp"
#include "socket_shared.hpp"

namespace phx::client::detail {

using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;

/// The shell around a SocketCore: transports and one timer in, effects out. Lives on one strand; every member function is called
/// there. Decides nothing about the protocol and calls no user code: that goes to the callback queue.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(boost::asio::io_context& io, std::shared_ptr<SocketShared> shared);

  const Strand& strand() const noexcept { return strand_; }
  Monitor& monitor() noexcept { return shared_->monitor; }
  const Backlog& backlog() const noexcept { return *shared_->backlog; }
  /// Commands of the user. True: more of them wait.
  bool run_inbox();
  void shut_down();

  // commands of the user
  void connect();
  void disconnect(const CloseOptions& options, MoveFunction<void(std::error_code)> done);
  void ping(MoveFunction<void(Result<Duration>)> done);
  void suspend(SuspendOptions options);
  void resume();
  void network_changed();
  void add(const std::shared_ptr<ChannelShared>& channel);
  void remove(const ChannelShared& channel);
  void join(const std::shared_ptr<Operation>& operation, std::optional<Duration> timeout);
  void leave(const std::shared_ptr<Operation>& operation);
  void push(const std::shared_ptr<Operation>& operation, const std::string& event, const Payload& payload, const PushOptions& options);
  /// After a push: while the connection takes no more, it still counts.
  void keep_until_written(Backlog::Item pending);
  void forget(Operation& operation);

  // answers of the user
  void join_params(core::ChannelId channel, std::uint32_t request, const std::string& params);
  void credentials_answered(std::uint32_t question, const Result<Credentials>& credentials);

  /// One input to the machine: f(core, now, effects), then its effects, then the timer.
  template <class F>
  void input(F&& f);
  void discard(core::Generation generation);
  /// While held, callbacks gather and nobody is woken for them.
  void hold_callbacks(bool held);

 private:
  void perform();
  void perform(core::ChannelMessage& e);
  void perform(core::PushReplied& e);
  void perform(core::SendFrame& e);
  void perform(core::ChannelStateChanged& e);
  void perform(core::JoinReplied& e);
  void perform(core::JoinFailed& e);
  void perform(core::ChannelErrored& e);
  void perform(core::ChannelClosed& e);
  void perform(core::PushFailed& e);
  void perform(core::NeedJoinParams& e);
  void perform(core::OpenTransport& e);
  void perform(core::CloseTransport& e);
  void perform(core::DropTransport& e);
  void perform(core::SocketOpened& e);
  void perform(core::SocketClosed& e);
  void perform(core::SocketError& e);
  void perform(core::BadFrame& e);
  void perform(core::Disconnected& e);
  void perform(core::ReconnectScheduled& e);
  void perform(core::Terminal& e);
  void perform(core::Pong& e);
  void perform(core::HeartbeatReplied& e);
  void perform(core::MessageSeen& e);

  void push(const std::shared_ptr<Operation>& operation, const core::PushRequest& request);
  void restore(const std::shared_ptr<ChannelShared>& channel);
  void unstore(const Operation& operation, std::error_code why);
  void arm();
  void on_timer();
  void measure_depths();
  /// Runs task(*this) in a turn of its own.
  template <class F>
  void defer(F&& task);
  void ask_for_credentials(const core::CredentialQuestion& question);
  void open_transport(core::Generation generation, const Result<Credentials>& credentials);
  void attempt_failed(core::Generation generation, std::error_code why, std::string message);
  Carrier* carrier(core::Generation generation) noexcept;
  std::shared_ptr<ChannelShared> channel(core::ChannelId id) const;
  std::shared_ptr<Operation> take(core::PushId id);
  std::shared_ptr<Operation> join_of(core::ChannelId id) const;
  void fail_pings(std::error_code why);
  void tell_error(ConnectionError error, bool bad_frame = false);

  const std::shared_ptr<SocketShared> shared_;  // with the user's handles
  Strand strand_;
  boost::asio::steady_timer timer_;
  Instant armed_ = Instant::max();
  core::SeededJitter jitter_;
  core::SocketEnv env_;
  core::SocketCore core_;
  core::Effects effects_;
  std::vector<Inbox::Command> commands_;
  std::vector<std::unique_ptr<Carrier>> carriers_;
  std::vector<std::unique_ptr<Carrier>> discarded_;  // destroyed in a turn of its own: one of them may be calling us
  core::CredentialCore credentials_;
  std::string attempt_error_;  // of an attempt that has no transport
  std::unordered_map<core::ChannelId, std::shared_ptr<ChannelShared>> channels_;
  std::unordered_map<core::ChannelId, std::shared_ptr<Operation>> joins_;
  std::unordered_map<core::PushId, std::shared_ptr<Operation>> pushes_;
  std::size_t told_pushes_ = 0, told_in_flight_ = 0;  // what the monitor knows
  std::unordered_map<core::PingId, MoveFunction<void(Result<Duration>)>> pings_;
  std::unordered_map<core::DisconnectId, MoveFunction<void(std::error_code)>> disconnects_;
};

template <class F>
void Session::input(F&& f) {
  f(core_, std::chrono::steady_clock::now(), effects_);
  perform();
  arm();
}

template <class F>
void Session::defer(F&& task) {
  boost::asio::post(strand_, [weak = weak_from_this(), task = std::forward<F>(task)] {
    if (const auto self = weak.lock()) task(*self);
  });
}

}  // namespace phx::client::detail
