#pragma once

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

#include <phx/testing/matchers.hpp>
#include <phx/testing/way.hpp>

#include <tl/expected.hpp>

namespace phx::testing {

namespace detail {
class Mailroom;
struct Line;
struct Member;
}  // namespace detail

using StringMatcher = ::testing::Matcher<const std::string&>;
using Here = std::source_location;

/// Names one push: what its reply will carry.
struct Ref {
  std::string token;  ///< raw JSON: "3" with quotes
  std::string topic;
};

/// A connected socket of the test; copies mean the same one. Using one that connect() did not make throws std::logic_error.
class TestSocket {
 public:
  bool is_open() const;

 private:
  friend class ChannelCase;
  const std::shared_ptr<detail::Line>& line() const;
  std::shared_ptr<detail::Line> line_;
};

/// A topic that the test has joined (or tried to); copies mean the same one. Using one that join() did not make throws std::logic_error.
class TestChannel {
 public:
  const std::string& topic() const;
  bool joined() const;

 private:
  friend class ChannelCase;
  detail::Member& member() const;
  std::shared_ptr<detail::Member> member_;
};

/// connect said no. In process the reason as JSON text, elsewhere the HTTP status.
struct ConnectionRefused {
  int http_status = 0;
  std::string reason;
};
/// What join answered, whatever it was. "down": the connection ended instead.
struct JoinReply {
  std::string status;
  Json response;
  TestChannel channel;
};
struct Joined {
  Json reply;
  TestChannel channel;
};

/// How long an assertion waits: assert_push("new_msg", {}, {2s}).
struct Limit {
  Duration time = std::chrono::milliseconds(100);
};

/// Phoenix.ChannelTest for every server (server.md 15): the test is a client with a mailbox.
///
///     class RoomTest : public phx::testing::ChannelCase { Application application() override { ... } };
///     TEST_F(RoomTest, RefusesUnknownEvents) {
///       auto [reply, room] = subscribe_and_join<RoomChannel>(socket(), "room:lobby", obj("nick", "ada"));
///       auto ref = push(room, "pinng");
///       assert_reply(ref, "error", HasSubset(obj("reason", "unknown event")));
///     }
///
/// assert_* takes the first message that fits out of the mailbox and returns its payload; all others stay. Default limits 100 ms: in
/// process of virtual time, behind a port of real time, there times 30 for what ought to come. A failure ends the test at the caller's
/// line, shows the mailbox, and writes a capture (folder: PHX_TEST_CAPTURES, else phx-captures in the temporary one).
/// A channel that crashes fails the test (Phoenix links them) unless trap_exit() was called or assert_crashed() expected it.
class ChannelCase : public virtual TargetCase {
 protected:
  static constexpr Duration join_limit = std::chrono::seconds(10);

  ChannelCase();
  ~ChannelCase() override;
  void TearDown() override;

  // ---- sockets ----
  /// Through the connect callback. A refusal ends the test.
  TestSocket connect(Json params = Json::object(), Here here = Here::current());
  TestSocket connect(const Dial& dial, Here here = Here::current());
  tl::expected<TestSocket, ConnectionRefused> try_connect(Json params = Json::object());
  tl::expected<TestSocket, ConnectionRefused> try_connect(Dial dial);
  /// Without the connect callback, with these assigns and id. Behind a port servers know no such thing: there it is connect(assigns).
  TestSocket socket(Json assigns = Json::object(), std::optional<std::string> id = std::nullopt, Here here = Here::current());
  /// As close(room), for all channels of the socket.
  void disconnect(const TestSocket& socket);

  // ---- channels ----
  JoinReply join(const TestSocket& socket, std::string_view topic, const Json& payload = Json::object(), Here here = Here::current());
  /// Subscribes the test to the topic first, so that assert_broadcast hears it; also when the join fails.
  /// At a URL the subscription is a second connection of the same user that joins the topic, too (V2, WebSocket), and hears what is broadcast to it.
  JoinReply try_subscribe_and_join(const TestSocket& socket, std::string_view topic, const Json& payload = Json::object(),
                                   Here here = Here::current());
  /// A refusal ends the test: "could not join channel, got error: ...".
  Joined subscribe_and_join(const TestSocket& socket, std::string_view topic, const Json& payload = Json::object(),
                            Here here = Here::current());
  /// With the channel's class: in process socket() finds it under the topic without any routing.
  template <class C>
  Joined subscribe_and_join(const TestSocket& socket, std::string_view topic, const Json& payload = Json::object(),
                            Here here = Here::current()) {
    use_channel<C>(topic);
    return subscribe_and_join(socket, topic, payload, here);
  }
  template <class C>
  JoinReply join(const TestSocket& socket, std::string_view topic, const Json& payload = Json::object(), Here here = Here::current()) {
    use_channel<C>(topic);
    return join(socket, topic, payload, here);
  }
  /// Bare sockets made from now on find class C under the pattern.
  template <class C>
  void use_channel(std::string_view pattern);
  void subscribe(std::string_view topic);

  Ref push(const TestChannel& channel, std::string_view event, const Json& payload = Json::object());
  Ref leave(const TestChannel& channel);
  /// The connection of the channel ends, and the channel with shutdown/closed. Twice is harmless.
  void close(const TestChannel& channel);
  /// On the channel's topic, from the test, which does not hear it as a broadcast; the channel does. Needs a server of this process.
  void broadcast_from(const TestChannel& channel, std::string_view event, const Json& payload = Json::object(),
                      Here here = Here::current());
  /// Endpoint.broadcast: everybody hears it. Needs a server of this process.
  void broadcast(std::string_view topic, std::string_view event, const Json& payload = Json::object(), Here here = Here::current());

  /// A message to handle_info, of every channel of this topic. Needs a server of this process.
  void send(const TestChannel& channel, const server::Info& message, Here here = Here::current());

  // ---- assertions ----
  Json assert_reply(const Ref& ref, StringMatcher status, const PayloadPattern& payload = {}, Limit limit = {},
                    Here here = Here::current());
  void refute_reply(const Ref& ref, StringMatcher status, const PayloadPattern& payload = {}, Limit limit = {},
                    Here here = Here::current());
  void refute_reply(const Ref& ref, Limit limit = {}, Here here = Here::current());
  /// A message from the server on any channel of the test, pushed or broadcast.
  Json assert_push(StringMatcher event, const PayloadPattern& payload = {}, Limit limit = {}, Here here = Here::current());
  void refute_push(StringMatcher event, const PayloadPattern& payload = {}, Limit limit = {}, Here here = Here::current());
  /// The same on one channel: for tests with several users.
  Json assert_push(const TestChannel& channel, StringMatcher event, const PayloadPattern& payload = {}, Limit limit = {},
                   Here here = Here::current());
  void refute_push(const TestChannel& channel, StringMatcher event, const PayloadPattern& payload = {}, Limit limit = {},
                   Here here = Here::current());
  /// What a subscription of the test hears.
  Json assert_broadcast(StringMatcher event, const PayloadPattern& payload = {}, Limit limit = {}, Here here = Here::current());
  void refute_broadcast(StringMatcher event, const PayloadPattern& payload = {}, Limit limit = {}, Here here = Here::current());
  /// phx_close: the channel ended in good order.
  void assert_closed(const TestChannel& channel, Limit limit = {}, Here here = Here::current());
  /// phx_error.
  void assert_crashed(const TestChannel& channel, Limit limit = {}, Here here = Here::current());
  /// The connection ended; its close code.
  std::uint16_t assert_disconnected(const TestSocket& socket, Limit limit = {}, Here here = Here::current());

  void trap_exit() noexcept { traps_exit_ = true; }
  /// Lets the time pass (in process: virtual time), and what happens in it happen.
  void advance(Duration time);

 private:
  detail::Mailroom& mailroom();
  [[noreturn]] void fail(Here here, const std::string& message);
  void set_class(std::string_view pattern, std::function<std::unique_ptr<server::Channel>()> make);

  std::unique_ptr<detail::Mailroom> mailroom_;
  bool traps_exit_ = false;
  std::optional<Here> joined_at_;
};

/// ChannelCase over every way: INSTANTIATE_TEST_SUITE_P(Every, RoomTest, testing::ValuesIn(all_ways()), way_name).
class EveryWay : public ChannelCase, public ::testing::WithParamInterface<Way> {
 protected:
  Way way() const override { return GetParam(); }
};
inline std::string way_name(const ::testing::TestParamInfo<Way>& info) { return to_string(info.param); }

template <class C>
void ChannelCase::use_channel(std::string_view pattern) {
  set_class(pattern, [] { return std::unique_ptr<server::Channel>(std::make_unique<C>()); });
}

}  // namespace phx::testing
