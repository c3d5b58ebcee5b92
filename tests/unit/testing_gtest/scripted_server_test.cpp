// A server that does as told: accepts, refuses, replies, keeps silent, closes with a code.
#include <phx/testing/channel_case.hpp>
#include <phx/testing/scripted_server.hpp>

namespace phx::testing {
namespace {

class Scripted : public ChannelCase {
 protected:
  std::unique_ptr<Target> make_target() override {
    auto made = std::make_unique<ScriptedServer>();
    server = made.get();
    return made;
  }
  ScriptedServer& script() {
    target();
    return *server;
  }
  ScriptedServer* server = nullptr;
};

TEST_F(Scripted, RefusesAcceptsRepliesKeepsSilentAndCloses) {
  using namespace std::chrono_literals;
  script().refuse(503);
  EXPECT_EQ(try_connect().error().http_status, 503);
  script().refuse(0);
  script().on("room:*", "phx_join", obj("nick", "bob"), {Answer::reply("error", obj("reason", "taken"))});
  script().on("room:*", "slow", obj(), {Answer::reply("ok").in(2s)});
  script().on("room:*", "silent", obj(), {});
  script().on("room:*", "bye", obj(), {Answer::crash_channel(), Answer::disconnect(1012).in(1s)});
  const auto user = connect();
  EXPECT_EQ(join(user, "room:1", obj("nick", "bob")).response, obj("reason", "taken"));
  auto [reply, room] = subscribe_and_join(user, "room:1", obj("nick", "ada"));
  const auto ref = push(room, "slow");
  refute_reply(ref, {1999ms});
  assert_reply(ref, "ok", {}, {1ms});
  refute_reply(push(room, "silent"));
  push(room, "unknown");
  push(room, "bye");
  assert_crashed(room);
  EXPECT_EQ(assert_disconnected(user, {1s}), 1012);
  ASSERT_EQ(script().unexpected().size(), 1u);
  EXPECT_EQ(script().unexpected()[0].event, "unknown");
}

}  // namespace
}  // namespace phx::testing
