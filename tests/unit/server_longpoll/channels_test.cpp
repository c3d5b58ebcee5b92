#include <gtest/gtest.h>

#include <phx/server/channel.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/socket.hpp>
#include <phx/server/user_socket.hpp>

#include "world.hpp"

namespace phx::server::test {
namespace {

struct Notes {
  std::vector<StopReason> ends;
  std::string transport;
};

class Room final : public Channel {
 public:
  explicit Room(Notes* notes) : notes_(notes) {}
  JoinResult join(std::string_view, const Json&, Socket& socket) override {
    notes_->transport = socket.transport();
    return JoinOk{};
  }
  HandleResult handle_in(std::string_view event, const Payload& payload, Socket& socket) override {
    if (event == "slow") return slow(socket);
    socket.broadcast(event, payload);
    return Reply::ok();
  }
  void terminate(const StopReason& reason, Socket&) override { notes_->ends.push_back(reason); }

 private:
  HandleResult slow(Socket& socket) {
    co_await socket.sleep(10s);
    co_return Reply::ok();
  }
  Notes* notes_;
};

class Users final : public UserSocket {
 public:
  explicit Users(Notes* notes) { channel<Room>("room:*", notes); }
  std::optional<std::string> id(const ConnectSocket& socket) const override { return "user:" + std::string(socket.transport()); }
};

struct LongPollChannelsTest : ::testing::Test {
  LongPollChannelsTest() { pubsub.attach(world.servers.front().shard()); }

  std::string join() {
    auto token = world.open();
    EXPECT_EQ(world.post(poll_path(token), R"(["1","1","room:a","phx_join",{}])")->status(), 200);
    EXPECT_EQ(world.get(poll_path(token))->messages().size(), 1u);
    return token;
  }

  Notes notes;
  PubSub pubsub;
  World world{mount(std::make_shared<ChannelSocketHandler>(std::make_shared<Users>(&notes), pubsub), short_window())};
};

TEST_F(LongPollChannelsTest, JoinsBroadcastsAndReplies) {  // A3 56, 57, 61, 62, 64
  const auto path = poll_path(join());
  EXPECT_EQ(notes.transport, "longpoll");
  EXPECT_EQ(world.post(path, R"([null,"2","room:a","hi",{"n":1}])")->status(), 200);
  EXPECT_EQ(world.get(path)->messages(),
            (Json{R"([null,null,"room:a","hi",{"n":1}])", R"(["1","2","room:a","phx_reply",{"response":{},"status":"ok"}])"}));
}

TEST_F(LongPollChannelsTest, AStaleMessageInABatchIsIgnored) {  // A3 65
  const auto path = poll_path(join());
  world.post(path, "[\"1\",\"2\",\"room:a\",\"a\",{}]\n[\"0\",\"3\",\"room:a\",\"b\",{}]\n[\"1\",\"4\",\"room:a\",\"c\",{}]");
  EXPECT_EQ(world.get(path)->messages().size(), 4u);
}

TEST_F(LongPollChannelsTest, TheHundredAndFirstChannelIsRefused) {  // A3 59
  const auto path = poll_path(world.open());
  std::string batch;
  for (int i = 0; i < 100; ++i)
    batch += (i == 0 ? "" : "\n") + std::string("[\"1\",\"1\",\"room:") + std::to_string(i) + "\",\"phx_join\",{}]";
  world.post(path, batch);
  EXPECT_EQ(world.get(path)->messages().size(), 100u);
  EXPECT_EQ(world.post(path, R"(["1","1","room:100","phx_join",{}])")->status(), 200);
  EXPECT_NE(world.get(path)->text().find("too many channels joined"), std::string::npos);
}

TEST_F(LongPollChannelsTest, ChannelsEndWithInactivity) {  // A3 68
  join();
  world.clock.advance(1200ms);
  EXPECT_EQ(notes.ends, (std::vector<StopReason>{StopReason::shutdown("inactive")}));
}

TEST_F(LongPollChannelsTest, DisconnectEndsSessionAndChannels) {  // A3 76
  const auto path = poll_path(join());
  pubsub.broadcast("user:longpoll", "disconnect", {});
  world.clock.settle();
  EXPECT_EQ(notes.ends, (std::vector<StopReason>{StopReason::shutdown("disconnected")}));
  const auto polled = world.get(path);
  world.clock.advance(2s);
  EXPECT_EQ(polled->status(), 410);
}

TEST_F(LongPollChannelsTest, VersionMismatchIsRefused) {  // A3 77
  EXPECT_EQ(world.get("/socket/longpoll?vsn=3.0.0")->status(), 403);
  EXPECT_EQ(world.get("/socket/longpoll?vsn[]=2.0.0")->status(), 403);
  EXPECT_EQ(world.get("/socket/longpoll")->status(), 410);
}

TEST_F(LongPollChannelsTest, DrainEndsChannels) {  // server.md 14.2
  join();
  world.servers.front().drain();
  world.clock.settle();
  EXPECT_EQ(notes.ends, (std::vector<StopReason>{StopReason::shutdown("draining")}));
}

TEST_F(LongPollChannelsTest, ASuspendedHandlerDoesNotHoldUpThePost) {  // the channel is busy, the transport is not
  const auto path = poll_path(join());
  EXPECT_EQ(world.post(path, R"(["1","2","room:a","slow",{}])")->status(), 200);
}

}  // namespace
}  // namespace phx::server::test
