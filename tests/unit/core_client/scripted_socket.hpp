#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/client/handlers.hpp>
#include <phx/core/client/socket_core.hpp>

namespace phx::core {

using namespace std::chrono_literals;

/// A policy to run a test under. Both use the back-off tables of phoenix.js, so that the spec's times hold; what the
/// default back-offs do is tested with them.
struct Preset {
  const char* name;
  Policy policy;
  bool js;
};
Preset phxkit_preset();
Preset phoenix_js_preset();
std::ostream& operator<<(std::ostream& out, const Preset& preset);

/// Gives the same number each time.
class FixedJitter final : public Jitter {
 public:
  explicit FixedJitter(double value) : value_(value) {}
  double unit() noexcept override { return value_; }

 private:
  double value_;
};

/// A socket on virtual time with a transport that does what the test says. Every effect is kept (views copied) in `log`;
/// hooks and handlers run as a shell would run them, after the input.
class ScriptedSocket {
 public:
  using Hook = std::function<void()>;
  using Handler = std::function<void(const ChannelMessage&)>;

  explicit ScriptedSocket(const Policy& policy) : ScriptedSocket(config_of(policy)) {}
  explicit ScriptedSocket(SocketConfig config) : jitter_(0.5), env_(std::move(config), jitter_), socket(env_) {}

 private:
  FixedJitter jitter_;
  SocketEnv env_;
  Instant now_ = Instant{} + 1h;
  std::deque<std::string> kept_;

 public:
  SocketCore socket;
  Effects log;
  std::map<ChannelId, ReplyHooks<Hook>> join_hooks;
  std::map<PushId, ReplyHooks<Hook>> push_hooks;
  std::map<ChannelId, HandlerTable<Handler>> handlers;

  // --- time ---
  Instant now() const { return now_; }
  void advance(Duration by);

  // --- the user ---
  void connect();
  DisconnectId disconnect(std::optional<CloseRequest> close = std::nullopt);
  ChannelId channel(std::string topic = "room:lobby", std::string params = "{}");
  void join(ChannelId channel, std::optional<Duration> timeout = std::nullopt);
  ChannelId join(std::string topic = "room:lobby", std::string params = "{}");
  PushId push(ChannelId channel, std::string_view event, std::string_view payload = "{}", std::optional<Duration> timeout = std::nullopt);
  PushId leave(ChannelId channel, std::optional<Duration> timeout = std::nullopt);
  void receive(ChannelId channel, std::string status, Hook hook);
  void receive(PushId push, std::string status, Hook hook);

  /// Any other input: `s.input([&](Effects& out) { s.socket.resume(s.now(), out); })`.
  template <class F>
  void input(F&& f) {
    Effects out;
    f(out);
    perform(out);
  }

  // --- the transport ---
  Generation generation() const { return socket.generation(); }
  void open();
  void connect_and_open() { connect(), open(); }
  void server(std::string_view text) { message(Opcode::text, text); }
  void message(Opcode opcode, std::string_view bytes);
  void error(std::error_code why = Errc::connection_closed);
  void lose(std::uint16_t code = 1006, bool clean = false) { closed(generation(), {.code = code, .clean = clean}); }
  void closed(Generation generation, const CloseEvent& event);

  // --- the server: answers made from the channel's current join_ref ---
  void ok(ChannelId channel, std::string_view response = "{}") { answer_join(channel, "ok", response); }
  void refuse(ChannelId channel, std::string_view response = R"({"reason":"no"})") { answer_join(channel, "error", response); }
  void answer_join(ChannelId channel, std::string_view status, std::string_view response);
  /// Reply to the frame sent last.
  void reply(ChannelId channel, std::string_view status = "ok", std::string_view response = "{}");
  void event(ChannelId channel, std::string_view name, std::string_view payload = "{}");
  /// connect, open, join, ok.
  ChannelId joined(std::string topic = "room:lobby");

  // --- looking ---
  ChannelState state(ChannelId channel) const { return socket.channel(channel).state(); }
  std::string join_ref(ChannelId channel) const { return std::string(RefToken(socket.channel(channel).join_ref()).view()); }
  std::vector<std::string> sent() const;
  /// Events of the frames sent, heartbeats left out.
  std::vector<std::string> sent_events() const;
  void forget() { log.clear(); }

  template <class E>
  std::vector<E> all() const {
    std::vector<E> found;
    for (const Effect& effect : log)
      if (const E* e = std::get_if<E>(&effect)) found.push_back(*e);
    return found;
  }
  template <class E>
  std::size_t count() const {
    return all<E>().size();
  }
  /// The newest one. Throws std::out_of_range when there is none.
  template <class E>
  E last() const {
    const std::vector<E> found = all<E>();
    return found.at(found.size() - 1);
  }

 private:
  static SocketConfig config_of(const Policy& policy);
  std::string_view keep(std::string_view text) { return kept_.emplace_back(text); }
  Effect own(const Effect& effect);
  void perform(const Effects& out);
  void run_hooks(const Effect& effect);
};

}  // namespace phx::core
