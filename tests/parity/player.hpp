#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/client/handlers.hpp>
#include <phx/core/client/presence.hpp>
#include <phx/core/client/socket_core.hpp>
#include <phx/core/json.hpp>

#include "log.hpp"
#include "server_frames.hpp"
#include "wire.hpp"

namespace phx::parity {

using core::Effects;
using core::Generation;

/// Plays a script to our client machines, with compat::phoenix_js() and virtual time, and writes down what they do.
/// Twin of phoenix_player.mjs; the grammar of scripts and logs is in README.md.
class Player {
 public:
  explicit Player(const Json& script);
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  /// The log, a JSON array.
  std::string play();

 private:
  /// phoenix.js tells a hook added after the answer at once (P5), so the answer is kept.
  struct Operation {
    core::ReplyHooks<std::function<void(std::string_view response)>> hooks;
    std::string response;
  };
  using Handler = std::function<void(const core::ChannelMessage&)>;
  struct ChannelSeat {
    core::ChannelId id{};
    std::string label;  // as the log says it
    std::string topic;
    std::optional<core::PresenceCore> presence;
    core::HandlerTable<Handler> handlers;
  };
  struct HandlerSeat {
    int channel;
    std::string event;
    std::uint32_t id;
  };

  // --- time ---
  /// A nanosecond later for each input, as a clock would have it: of two timers of one millisecond and delay the older is due first (setTimeout).
  Instant now() {
    const Instant later = start_ + std::chrono::milliseconds(ms_) + std::chrono::nanoseconds(++inputs_);
    return clock_ = std::max(clock_, later);
  }
  void advance(std::int64_t by);
  std::optional<std::int64_t> core_due() const;
  void after(std::int64_t delay, std::function<void()> run);

  // --- steps ---
  void client(const Json& step);
  void channel_step(const Json& step, ChannelSeat& seat);
  void connection_step(const Json& step);
  void create_channel(const Json& step);
  void leave(const Json& step, ChannelSeat& seat);
  void push(const Json& step, ChannelSeat& seat);
  void track(core::PushId id, const Json& step);
  void receive(const Json& step);
  void on(const Json& step, ChannelSeat& seat);
  void off(const Json& step);
  void server(const Json& step);
  void server_reply(const Json& step);
  void server_push(const Json& step);
  void set_auto(const Json& from);
  const FrameNames* select(const Json& which) const;
  void log_state();

  // --- the wire ---
  void opened(std::size_t wire);
  void closed(std::size_t wire, const core::CloseEvent& event);
  void failed(std::size_t wire);
  void message(std::size_t wire, const ServerFrame& frame);
  void sent(std::size_t wire, const core::SendFrame& frame);
  std::size_t wire_of(Generation generation) const;
  ChannelSeat* seat(const Json& step);
  ChannelSeat& seat(core::ChannelId id);

  // --- effects ---
  template <class Input>
  void input(Input&& give) {
    Effects out;
    give(out);
    perform(out);
  }
  void perform(const Effects& out);
  void perform(const core::ChannelMessage& e);
  void perform(const core::PushReplied& e);
  void perform(const core::PushFailed& e);
  void perform(const core::SendFrame& e);
  void perform(const core::ChannelStateChanged&) {}
  void perform(const core::JoinReplied& e);
  void perform(const core::JoinFailed& e);
  void perform(const core::ChannelErrored& e);
  void perform(const core::ChannelClosed& e);
  void perform(const core::NeedJoinParams&) {}
  void perform(const core::OpenTransport& e);
  void perform(const core::CloseTransport& e);
  void perform(const core::DropTransport& e);
  void perform(const core::SocketOpened& e);
  void perform(const core::SocketClosed& e);
  void perform(const core::SocketError& e);
  void perform(const core::BadFrame& e);
  void perform(const core::Disconnected& e);
  void perform(const core::ReconnectScheduled&) {}
  void perform(const core::Terminal& e);
  void perform(const core::Pong& e);
  void perform(const core::HeartbeatReplied&) {}  // phoenix.js tells nobody
  void perform(const core::MessageSeen& e);
  void perform_presence(ChannelSeat& seat, const core::ChannelMessage& e);
  void resolve(core::PushId id, std::string_view status, std::string response);
  void add_hook(core::PushId id, const std::string& status);
  void log(std::string_view kind, std::initializer_list<std::string> details = {}) { log_.add(ms_, kind, details); }

  const Json& script_;
  core::SeededJitter jitter_{1};
  core::SocketEnv env_;
  core::SocketCore core_{env_};
  const Instant start_ = Instant{} + std::chrono::hours(1);
  std::int64_t ms_ = 0;
  std::int64_t inputs_ = 0;
  Instant clock_ = start_;                                     // what the machines were told last; never goes back
  std::multimap<std::int64_t, std::function<void()>> timers_;  // equal times stay in order of insertion
  Log log_;
  std::vector<Wire> wires_;
  std::vector<FrameNames> frames_;
  std::map<int, ChannelSeat> channels_;
  std::map<int, HandlerSeat> handlers_;
  std::map<int, core::PushId> labels_;
  std::map<core::PushId, std::string> label_of_;
  std::map<core::PushId, Operation> operations_;
  std::map<core::DisconnectId, std::string> disconnects_;
  std::string pending_disconnect_;
  std::optional<std::int64_t> auto_open_, auto_join_, auto_heartbeat_;
};

}  // namespace phx::parity
