// The shell around the client machines, against a real socket on loopback. The rules themselves are tested in unit_core_client.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "support.hpp"

namespace phx::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ClientSocket, JoinsAndGetsReplies) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  socket.connect();
  EXPECT_TRUE(get(room.join().future())->ok());
  EXPECT_EQ(room.state(), ChannelState::joined);
  EXPECT_TRUE(socket.is_connected());
  EXPECT_TRUE(room.can_push());
  const auto reply = get(room.push("echo", obj("body", "hi")).future());
  EXPECT_EQ(*reply, (Reply{"ok", obj("body", "hi")}));
  EXPECT_EQ(reply->json()->at("body"), "hi");
}

TEST(ClientSocket, SendsParamsVsnTokenAndHeaders) {  // spec client-semantics U1, U2, U4
  StubServer server;
  Socket socket(server.url(),
                {.params = obj("user_id", "a b"), .auth_token = std::string("1234"), .headers = HeaderList{{"X-Extra", "yes"}}});
  Seen<bool> opened;
  const auto on_open = socket.on_open([&] { opened.add(true); });
  socket.connect();
  opened.wait_for(1);
  const auto head = server.last_head();
  EXPECT_THAT(head, HasSubstr("GET /socket/websocket?user_id=a%20b&vsn=2.0.0 HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr("phoenix, base64url.bearer.phx.MTIzNA"));
  EXPECT_THAT(head, HasSubstr("X-Extra: yes\r\n"));
}

TEST(ClientSocket, AsksParamFunctionsForEveryAttemptAndJoin) {  // U3, C2
  StubServer server;
  auto options = eager();
  std::atomic<int> attempts = 0, joins = 0;
  options.params = [&]() -> Payload { return obj("attempt", ++attempts); };
  Socket socket(server.url(), options);
  auto room = socket.channel("room:lobby", [&]() -> Payload { return obj("join", ++joins); });
  Seen<std::string> joined;
  room.join().receive("ok", [&](const Reply& reply) { joined.add(reply.status); });
  socket.connect();
  joined.wait_for(1);
  EXPECT_THAT(server.last_head(), HasSubstr("attempt=1"));
  server.cut_all();
  joined.wait_for(2);  // X-10: the hook runs again after a rejoin
  EXPECT_THAT(server.last_head(), HasSubstr("attempt=2"));
  EXPECT_EQ(joins, 2);
}

TEST(ClientSocket, RefusalIsDataAndTimeoutIsAnError) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  socket.connect();
  room.join();
  EXPECT_EQ(*get(room.push("refuse").future()), (Reply{"error", obj("reason", "no")}));
  const auto late = get(room.push("silent", {}, {.timeout = 10ms}).future());
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error(), Errc::push_timeout);
}

TEST(ClientSocket, RunsTheHooksOfAPush) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  socket.connect();
  room.join();
  Seen<std::string> seen;
  const auto note = [&](const char* what) { return [&seen, what](const Reply&) { seen.add(what); }; };
  auto push = room.push("refuse").receive("ok", note("ok")).receive("error", note("error"));
  seen.wait_for(1);
  push.receive("error", note("late"));  // CH-31: a hook added after the answer runs too
  seen.wait_for(2);
  room.push("silent", {}, {.timeout = 10ms}).receive("timeout", note("timeout")).on_failure([&](std::error_code e) {
    seen.add(e.message());
  });
  EXPECT_THAT(seen.wait_for(4), ElementsAre("error", "late", "timeout", make_error_code(Errc::push_timeout).message()));
}

TEST(ClientSocket, ThrowsWhenARuleIsBroken) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  EXPECT_THROW(room.push("early"), std::logic_error);  // CH-62
  room.join();
  EXPECT_THROW(room.join(), std::logic_error);  // CH-09
  EXPECT_THROW((void)socket.channel(""), std::invalid_argument);
  EXPECT_THROW(Socket("nonsense"), std::invalid_argument);
  EXPECT_THROW(Payload(RawJson{"{"}), std::invalid_argument);
}

TEST(ClientSocket, JoinsAgainAfterLeave) {  // D-18
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  socket.connect();
  get(room.join().future());
  Seen<bool> closed;
  const auto on_close = room.on_close([&] { closed.add(true); });
  EXPECT_TRUE(get(room.leave().future())->ok());
  closed.wait_for(1);
  EXPECT_TRUE(get(room.join().future())->ok());
}

TEST(ClientSocket, DeliversMessagesInOrderAlsoToHandlersRegisteredInTheJoinHook) {
  StubServer server({}, [](StubServer::Connection& connection, const core::EnvelopeView& m) {
    if (m.event != "phx_join") return false;
    connection.reply(m, "ok", "{}");
    for (const auto* n : {"1", "2", "3"})
      connection.send({.kind = core::MessageView::Kind::push, .join_ref = m.join_ref, .topic = m.topic, .event = "n", .payload = n});
    return true;
  });
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  Seen<std::string> seen;
  Subscription numbers;
  room.join().receive("ok", [&](const Reply&) { numbers = room.on("n", [&](const Message& m) { seen.add(m.payload.text()); }); });
  socket.connect();
  EXPECT_THAT(seen.wait_for(3), ElementsAre("1", "2", "3"));
}

TEST(ClientSocket, TellsEventsInTheOrderInWhichTheyHappen) {
  StubServer server;
  Socket socket(server.url(), eager());
  auto room = socket.channel("room:lobby");
  Seen<std::string> seen;
  const auto open = socket.on_open([&] { seen.add("open"); });
  const auto close = socket.on_close([&](const ConnectionClosed& c) { seen.add("close " + std::to_string(c.code)); });
  const auto error = room.on_error([&](const Message& m) { seen.add("error " + m.payload.text()); });
  room.join().receive("ok", [&](const Reply&) { seen.add("joined"); });
  socket.connect();
  seen.wait_for(2);
  room.push("cut");
  EXPECT_THAT(seen.wait_for(6), ElementsAre("open", "joined", HasSubstr("connection_closed"), "close 1006", "open", "joined"));
}

TEST(ClientSocket, EchoesBytes) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  socket.connect();
  room.join();
  const Payload bytes = Bytes{std::string("\x00\xff\x01", 3)};
  EXPECT_EQ(*get(room.push("bytes", bytes).future()), (Reply{"ok", bytes}));
}

TEST(ClientSocket, SaysWhichHostAndStepFailed) {
  auto options = eager();
  std::string refused_url;
  {
    StubServer gone;
    refused_url = gone.url();
  }
  const auto first_error = [&](const std::string& url) {
    Socket socket(url, options);
    Seen<ConnectionError> errors;
    const auto on_error = socket.on_error([&](const ConnectionError& e) { errors.add(e); });
    socket.connect();
    return errors.wait_for(1).front();
  };
  EXPECT_THAT(first_error(refused_url).message, testing::StartsWith("cannot connect to 127.0.0.1:"));
  EXPECT_THAT(first_error("ws://no-such-host.invalid/socket").message, HasSubstr("cannot find host no-such-host.invalid"));
  options.tls.ca_file = "/no/file";
  StubServer stub;
  EXPECT_THAT(first_error("wss" + stub.url().substr(2)).message, HasSubstr("CA file '/no/file': No such file or directory"));
  StubServer rude([](const std::string&) { return "SSH-2.0-OpenSSH_9\r\n\r\n"; });
  EXPECT_THAT(first_error(rude.url()).message, HasSubstr("handshake"));
}

TEST(ClientSocket, GivesUpAfterTheSecondRefusal) {  // D-12
  StubServer server([](const std::string&) { return "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"; });
  Socket socket(server.url(), eager());
  Seen<ConnectionError> errors;
  const auto on_error = socket.on_error([&](const ConnectionError& e) { errors.add(e); });
  auto room = socket.channel("room:lobby");
  auto joined = room.join().future();
  socket.connect();
  const auto seen = errors.wait_for(3);
  EXPECT_EQ(seen[0].http_status, 403);
  EXPECT_FALSE(seen[0].final);
  EXPECT_TRUE(seen[2].final);
  EXPECT_EQ(seen[2].code, Errc::unauthorized);
  EXPECT_EQ(get(std::move(joined)).error(), Errc::unauthorized);
  EXPECT_EQ(server.connections(), 2);
}

TEST(ClientSocket, AsksTheCredentialSourceAndTellsItToRefresh) {
  struct Source final : CredentialSource {
    void fetch(const CredentialRequest& request, Done done) override {
      refreshes.add(request.refresh);
      done(Credentials{.params = obj("token", request.refresh ? "new" : "old")});
    }
    Seen<bool> refreshes;
  };
  StubServer server([](const std::string& head) {
    return head.find("token=old") == head.npos ? "" : "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
  });
  auto options = eager();
  const auto source = std::make_shared<Source>();
  options.credentials = source;
  Socket socket(server.url(), options);
  Seen<bool> opened;
  const auto on_open = socket.on_open([&] { opened.add(true); });
  socket.connect();
  opened.wait_for(1);
  EXPECT_THAT(source->refreshes.now(), ElementsAre(false, true));
}

TEST(ClientSocket, PingsAndDisconnects) {
  StubServer server;
  Socket socket(server.url());
  EXPECT_EQ(get(socket.ping()).error(), Errc::connection_closed);
  Seen<int> codes;
  Seen<bool> opened;
  const auto on_open = socket.on_open([&] { opened.add(true); });
  const auto on_close = socket.on_close([&](const ConnectionClosed& c) { codes.add(c.clean ? c.code : -1); });
  socket.connect();
  opened.wait_for(1);
  EXPECT_GE(get(socket.ping()).value(), Duration::zero());
  get(socket.disconnect());
  EXPECT_EQ(socket.state(), SocketState::closed);
  EXPECT_THAT(codes.wait_for(1), ElementsAre(1000));
  get(socket.disconnect());  // SO-23
  socket.connect();
  opened.wait_for(2);
}

TEST(ClientSocket, IsolatesCallbacksThatThrow) {  // D-5, X-16
  StubServer server;
  Seen<std::string> seen;
  SocketOptions options;
  options.on_callback_error = [&](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) { seen.add(e.what()); }
  };
  Socket socket(server.url(), options);
  const auto first = socket.on_open([] { throw std::runtime_error("oops"); });
  const auto second = socket.on_open([&] { seen.add("second"); });
  socket.connect();
  EXPECT_THAT(seen.wait_for(2), ElementsAre("oops", "second"));
}

TEST(ClientSocket, SeesEveryMessage) {  // S13
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  Seen<std::string> seen;
  const auto all = socket.on_message([&](const Message& m) { seen.add(m.topic + " " + m.event); });
  const auto replies = room.on("phx_reply", [&](const Message& m) { seen.add("reply " + m.ref); });
  socket.connect();
  room.join();
  seen.wait_for(2);
  server.broadcast("other:topic", "shout", "{}");
  EXPECT_EQ(seen.wait_for(3).back(), "other:topic shout");
}

TEST(ClientSocket, RejoinsAfterACrash) {
  StubServer server;
  Socket socket(server.url(), eager());
  auto room = socket.channel("room:lobby");
  Seen<std::string> joined;
  room.join().receive("ok", [&](const Reply& r) { joined.add(r.status); });
  socket.connect();
  joined.wait_for(1);
  room.push("crash");
  joined.wait_for(2);
}

TEST(ClientSocket, RefusesHeadersThatCannotBeSent) {
  EXPECT_THROW(Socket("ws://127.0.0.1:1/socket", {.headers = HeaderList{{"Upgrade", "x"}}}), std::invalid_argument);
  EXPECT_THROW(Socket("ws://127.0.0.1:1/socket", {.headers = HeaderList{{"X-A", "b\r\nX-C: d"}}}), std::invalid_argument);
  EXPECT_THROW(Socket("ws://127.0.0.1:1/socket", {.headers = HeaderList{{"a b", "c"}}}), std::invalid_argument);
}

struct Errors final : client::Observer {
  void socket_error(const ConnectionError& e) noexcept override { seen.add(e); }
  Seen<ConnectionError> seen;
};

TEST(ClientSocket, AMessageBeyondTheLimitEndsTheConnection) {  // design.md 7: what a server can send is bounded
  StubServer server;
  auto options = eager();
  options.max_message_bytes = 1'000;
  const auto observer = std::make_shared<Errors>();
  options.observer = observer;
  Socket socket(server.url(), options);
  auto room = socket.channel("room:lobby");
  Seen<std::size_t> heard;
  const auto on_shout = room.on("shout", [&](const Message& m) { heard.add(m.payload.text().size()); });
  socket.connect();
  get(room.join().future());
  const auto shout = [&](std::size_t bytes) { server.broadcast("room:lobby", "shout", '"' + std::string(bytes, 'x') + '"'); };
  shout(900);
  heard.wait_for(1);
  shout(1'000);
  EXPECT_EQ(observer->seen.wait_for(1).front().code, Errc::frame_too_large);
  EXPECT_EQ(get(room.push("echo", obj("n", 2)).future())->status, "ok");  // on a new connection
  EXPECT_EQ(heard.now().size(), 1u);
}

TEST(ClientSocket, CallbacksThatAreTooSlowEndTheConnectionAndNotTheMemory) {  // design.md 7: what waits is bounded
  StubServer server;
  for (const auto& [messages, bytes] : {std::pair{10u, 1'000'000u}, std::pair{1000u, 70u}}) {
    auto options = eager();
    options.max_waiting_messages = messages;
    options.max_waiting_bytes = bytes;
    const auto observer = std::make_shared<Errors>();
    options.observer = observer;
    std::promise<void> may_go_on;
    auto gate = may_go_on.get_future().share();
    Socket socket(server.url(), options);
    auto room = socket.channel("room:lobby");
    Seen<std::string> heard;
    const auto on_shout = room.on("shout", [&](const Message& m) {
      gate.wait();
      heard.add(m.payload.text());
    });
    socket.connect();
    get(room.join().future());
    for (int n = 0; n < 50; ++n) server.broadcast("room:lobby", "shout", R"({"n":1})");
    const auto error = observer->seen.wait_for(1).front();
    EXPECT_EQ(error.code, Errc::queue_full);
    EXPECT_THAT(error.message, HasSubstr("callbacks are too slow"));
    EXPECT_FALSE(error.final);
    may_go_on.set_value();
    EXPECT_EQ(get(room.push("echo", obj("n", 2)).future())->status, "ok");  // on a new connection
    EXPECT_GE(socket.metrics().opens, 2u);
    EXPECT_LT(heard.now().size(), 50u);
  }
}

}  // namespace
}  // namespace phx::test
