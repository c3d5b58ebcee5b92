// Issue 6, "To show": one RoomChannel test source, green against the class in process, our server over loopback, the frames of a real
// Phoenix 1.8.12, and any URL; over V1, V2 and long-poll each.
#include <phx/server/socket.hpp>
#include <phx/server/user_socket.hpp>
#include <phx/testing/captured_server.hpp>
#include <phx/testing/channel_case.hpp>

#include "failure_of.hpp"
#include "golden_captures.hpp"

namespace phx::testing {
namespace {

using ::testing::HasSubstr;

class LobbyChannel final : public server::Channel {
 public:
  server::JoinResult join(std::string_view topic, const Json&, server::Socket&) override {
    if (topic.starts_with("room:private")) return server::JoinError{obj("reason", "unauthorized")};
    return server::JoinOk{};
  }
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override {
    if (event == "ping") return server::Reply::ok(payload);
    socket.broadcast(event, payload);
    return server::NoReply{};
  }
};

class LobbySocket final : public server::UserSocket {
 public:
  LobbySocket() { channel<LobbyChannel>("room:*"); }
  server::ConnectResult connect(const Json&, server::ConnectSocket&, const server::ConnectInfo&) const override {
    return server::ConnectOk{};
  }
};

struct Place {
  std::string name;
  Way way;
  bool golden = false;
};

void PrintTo(const Place& place, std::ostream* os) { *os << place.name; }

std::vector<Place> everywhere() {
  std::vector<Place> out;
  for (const Way& way : all_ways()) out.push_back({to_string(way), way});
  for (Way way : all_ways()) {
    if (way.where != all_ways().front().where) continue;
    way.where = Where::in_process;
    out.push_back({"golden" + to_string(way).substr(std::string("in_process").size()), way, true});
  }
  return out;
}

class LobbyTest : public ChannelCase, public ::testing::WithParamInterface<Place> {
 protected:
  Way way() const override { return GetParam().way; }
  Application application() override { return {.user_socket = std::make_shared<LobbySocket>()}; }
  std::unique_ptr<Target> make_target() override {
    if (!GetParam().golden) return ChannelCase::make_target();
    return std::make_unique<CapturedServer>(golden_captures());
  }
  /// Any payload would do; of these the real Phoenix said something.
  Json question() const { return way().vsn == "2.0.0" && way().via == Via::websocket ? obj() : obj("a", 1); }
  Json message() const {
    if (way().via == Via::longpoll) return obj("n", 4);
    return way().vsn == "1.0.0" ? obj("a", 1) : obj("body", "hi");
  }
};
INSTANTIATE_TEST_SUITE_P(At, LobbyTest, ::testing::ValuesIn(everywhere()), [](const auto& in) { return in.param.name; });

TEST_P(LobbyTest, JoinsTheLobby) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  EXPECT_EQ(reply, Json::object());
}

TEST_P(LobbyTest, RefusesPrivateRooms) {
  const auto refused = join(connect(), "room:private1");
  EXPECT_EQ(refused.status, "error");
  EXPECT_EQ(refused.response, obj("reason", "unauthorized"));
}

TEST_P(LobbyTest, AnswersPing) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  EXPECT_EQ(assert_reply(push(room, "ping", question()), "ok"), question());
  refute_push("ping");
}

TEST_P(LobbyTest, BroadcastsMessagesToAll) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  push(room, "new_msg", message());
  assert_broadcast("new_msg", message());
  assert_push(room, "new_msg", message());
}

TEST_P(LobbyTest, LeavesWithAnAnswerThenAClose) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  assert_reply(push(room, "ping", question()), "ok");
  assert_reply(leave(room), "ok");
  assert_closed(room);
}

class GoldenTest : public ChannelCase {
 protected:
  std::unique_ptr<Target> make_target() override {
    auto made = std::make_unique<CapturedServer>(golden_captures());
    server = made.get();
    return made;
  }
  CapturedServer* server = nullptr;
};

// The recording whose history is most like this one's is the one that goes on: before the join, after it, after the crash.
TEST_F(GoldenTest, AnswersAsTheRealServerDidAtThisPoint) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  assert_reply(push(room, "ping"), "ok");
  push(room, "crash");
  assert_crashed(room);
  assert_reply(push(room, "ping"), "error", obj("reason", "unmatched topic"));
}

TEST_F(GoldenTest, BytesAreBytes) {
  auto [reply, room] = subscribe_and_join(connect(), "room:bin");
  const Json bytes = Json::binary({0x00, 0xff, 0x01, 0xfe});
  const Json answer = assert_reply(push(room, "bin_reply"), "ok");
  EXPECT_EQ(answer, bytes);
}

TEST_F(GoldenTest, WhatWasNeverRecordedIsNotAnswered) {
  auto [reply, room] = subscribe_and_join(connect(), "room:lobby");
  const auto failure = failure_of([&] { assert_reply(push(room, "ping", obj("never", "recorded")), "ok"); });
  EXPECT_THAT(failure.message, HasSubstr("assert_reply: no reply to"));
  ASSERT_EQ(server->unexpected().size(), 1u);
  EXPECT_EQ(server->unexpected()[0], (CapturedServer::Message{"room:lobby", "ping", R"({"never":"recorded"})"}));
}

}  // namespace
}  // namespace phx::testing
