// Mock files played on the machines of client and server, in virtual time.
#include <phx/mock/mock.hpp>
#include <phx/server/plugs.hpp>
#include <phx/server/pubsub.hpp>

#include <gtest/gtest.h>

#include "unit/testing/world.hpp"

namespace phx::mock {
namespace {

using namespace std::chrono_literals;
using Log = std::vector<std::string>;
using testing::Member;

struct MockWorld {
  explicit MockWorld(std::string_view text)
      : journal(clock.now()),
        mock(std::make_shared<const MockFile>(MockFile::parse(text, "m.yaml")), pubsub, journal),
        network(clock, {}, [this](testing::Wire::End& end) { server.accept(end); }),
        server(clock, {server::socket_plug({mount()}, {})}) {
    pubsub.attach(server.shard());
    mock.tell_time_with([this] { return clock.now(); });
    mock.run_later_with([this](Duration delay, std::function<void()> work) { server.shard().send_after(delay, std::move(work)); });
  }

  server::SocketMount mount() {
    server::SocketMount out;
    out.path = "/socket";
    out.handler = std::make_shared<server::ChannelSocketHandler>(std::make_shared<MockUserSocket>(mock, "/socket"), pubsub);
    return out;
  }

  testing::VirtualClock clock;
  Journal journal;
  server::PubSub pubsub;
  Mock mock;
  testing::MemoryNetwork network;
  testing::MemoryServer server;
};

std::string channel(std::string_view body) { return "phxkit_mock: 1\nchannels:\n  \"room:*\":\n" + std::string(body); }

Log since(Member& member, MockWorld& world, Duration time) {
  member.log.clear();
  world.clock.advance(time);
  return member.log;
}

TEST(MockChannel, AnswersJoinsByTheirPayload) {
  MockWorld world(channel(R"(
    join:
      - { when: { payload: { password: !absent } }, reply: { status: error, response: { reason: unauthorized } } }
      - { reply: { response: { room: "{{ topic }}" } }, push: { event: hello, payload: { you: "{{ join_payload.password }}" } } }
)"));
  Member stranger(world, "room:a"), friendly(world, "room:b", R"({"password":"x"})"), lost(world, "chat:a");
  world.clock.advance(10ms);
  EXPECT_EQ(stranger.log, (Log{"open", R"(join error {"reason":"unauthorized"})"}));
  EXPECT_EQ(friendly.log, (Log{"open", R"(join ok {"room":"room:b"})", R"(hello {"you":"x"})"}));
  EXPECT_EQ(lost.log, (Log{"open", R"(join error {"reason":"unmatched topic"})"}));
}

// Issue 6, point 6: hot reload, for connections that are open too. The answer to an unknown topic on the wire: mock.test.mjs.
TEST(MockChannel, LearnsTopicsWhenTheFileIsReadAgain) {
  MockWorld world("phxkit_mock: 1\nchannels: { \"room:*\": {} }\n");
  Member early(world, "chat:a");
  EXPECT_EQ(since(early, world, 10ms), (Log{"open", R"(join error {"reason":"unmatched topic"})"}));
  EXPECT_EQ(world.journal.summary()["unexpected"], 1);
  world.mock.use(std::make_shared<const MockFile>(MockFile::parse("phxkit_mock: 1\nchannels: { \"chat:*\": {} }\n", "m.yaml")));
  EXPECT_EQ(since(early, world, 15s).back(), "join ok {}");
}

// server.md 0.1: what a callback sends arrives before its reply
TEST(MockChannel, RepliesPushesAndBroadcasts) {
  MockWorld world(channel(R"(
    on:
      ping: { reply: { response: "{{ payload }}" } }
      say: { reply: {}, push: { event: noted }, broadcast: { event: said, payload: "{{ payload }}" } }
      later: { reply: {}, reply_first: true, push: [ { event: one }, { event: two, after: 50ms } ] }
      tell: { broadcast_from: { event: told, payload: { by: "{{ payload.me }}" } } }
)"));
  Member ada(world, "room:a"), bob(world, "room:a");
  world.clock.advance(10ms);
  bob.log.clear();
  ada.push("ping", R"({"n":1})");
  EXPECT_EQ(since(ada, world, 10ms), (Log{R"(reply ok {"n":1})"}));
  ada.push("say", R"({"x":1})");
  EXPECT_EQ(since(ada, world, 10ms), (Log{"noted {}", R"(said {"x":1})", "reply ok {}"}));
  ada.push("later", "{}");
  EXPECT_EQ(since(ada, world, 100ms), (Log{"reply ok {}", "one {}", "two {}"}));
  ada.push("tell", R"({"me":"ada"})");
  EXPECT_EQ(since(ada, world, 10ms), Log{});
  EXPECT_EQ(bob.log, (Log{R"(said {"x":1})", R"(told {"by":"ada"})"}));
  ada.push("unknown", "{}");
  EXPECT_EQ(since(ada, world, 10ms), (Log{R"(reply error {"reason":"no rule of the mock matches"})"}));
  EXPECT_EQ(world.journal.summary()["unexpected"], 1);
}

TEST(MockChannel, HasStatesVariablesAndTurns) {
  MockWorld world(channel(R"(
    state: closed
    on:
      knock:
        - { when: { state: closed }, times: 2, reply: { status: error, response: { reason: wait } } }
        - { when: { state: closed }, state: open, set: { who: "{{ payload.name }}" }, reply: {} }
        - { reply: { response: { hello: "{{ who }}", n: "{{ counter }}" } } }
)"));
  Member ada(world, "room:a");
  world.clock.advance(10ms);
  Log all;
  for (int i = 0; i < 5; ++i) {
    ada.push("knock", R"({"name":"ada"})");
    for (auto& line : since(ada, world, 10ms)) all.push_back(line);
  }
  EXPECT_EQ(all, (Log{R"(reply error {"reason":"wait"})", R"(reply error {"reason":"wait"})", "reply ok {}",
                      R"(reply ok {"hello":"ada","n":1})", R"(reply ok {"hello":"ada","n":2})"}));
}

TEST(MockChannel, RunsTimersAndPresenceByTheClock) {
  MockWorld world(channel(R"(
    every: [ { after: 5s, push: { event: tick, payload: { n: "{{ counter }}" } } }, { after: 1s, times: 1, push: { event: once } } ]
    presence: [ { join: { eve: } }, { at: 1s, join: { bob: { status: online } } }, { at: 9s, leave: bob } ]
)"));
  Member ada(world, "room:a");
  EXPECT_EQ(since(ada, world, 500ms), (Log{"open", "join ok {}"}));
  EXPECT_EQ(ada.present(), (Log{"eve"}));
  EXPECT_EQ(since(ada, world, 4s), (Log{"once {}"}));
  EXPECT_EQ(ada.present(), (Log{"bob", "eve"}));
  EXPECT_EQ(since(ada, world, 6s), (Log{R"(tick {"n":1})", R"(tick {"n":2})"}));
  EXPECT_EQ(ada.present(), (Log{"eve"}));
}

TEST(MockChannel, ClosesCrashesAndTakesItsTime) {
  MockWorld world(channel(R"(
    on:
      slow: { after: 2s, reply: {} }
      crash: { crash: true }
      "*": { reply: { response: { event: "{{ event }}" } } }
)"));
  Member ada(world, "room:a");
  world.clock.advance(10ms);
  ada.push("slow", "{}");
  ada.push("fast", "{}");
  EXPECT_EQ(since(ada, world, 1900ms), Log{});
  EXPECT_EQ(since(ada, world, 200ms), (Log{"reply ok {}", R"(reply ok {"event":"fast"})"}));
  ada.push("crash", "{}");
  const Log after = since(ada, world, 50ms);
  ASSERT_FALSE(after.empty());
  EXPECT_TRUE(after[0].starts_with("error")) << after[0];
}

TEST(MockChannel, GoesOnWithANewFile) {
  MockWorld world(channel("    on: { v: { reply: { response: { v: 1 } } } }\n"));
  Member ada(world, "room:a");
  world.clock.advance(10ms);
  ada.push("v", "{}");
  EXPECT_EQ(since(ada, world, 10ms), (Log{R"(reply ok {"v":1})"}));
  world.mock.use(
      std::make_shared<const MockFile>(MockFile::parse(channel("    on: { v: { reply: { response: { v: 2 } } } }\n"), "m.yaml")));
  ada.push("v", "{}");
  EXPECT_EQ(since(ada, world, 10ms), (Log{R"(reply ok {"v":2})"}));
}

TEST(MockUserSocket, RefusesByParams) {
  server::PubSub pubsub;
  Journal journal{Instant{}};
  Mock mock(std::make_shared<const MockFile>(MockFile::parse(
                "phxkit_mock: 1\nsockets: { /socket: { refuse: { when: { params: { token: !regex ^exp } }, status: 401 } } }\n", "m")),
            pubsub, journal);
  const MockUserSocket socket(mock, "/socket");
  server::ConnectSocket connecting;
  EXPECT_TRUE(std::holds_alternative<server::ConnectError>(socket.connect(Json{{"token", "expired"}}, connecting, {})));
  EXPECT_TRUE(std::holds_alternative<server::ConnectOk>(socket.connect(Json{{"token", "fine"}}, connecting, {})));
}

}  // namespace
}  // namespace phx::mock
