// The channel tests of the chat recipe (MyAppWeb.RoomChannelTest), here of phx-server's application. docs/testing.md explains them.
#include <phx/testing/channel_case.hpp>
#include <phx/testing/conn_case.hpp>

#include <random>

#include "app/application.hpp"

using phx::Json;
using phx::obj;
using namespace phx::testing;

class ChatTest : public ChannelCase, public ConnCase {
 protected:
  Application application() override {  // a new one for each test; not used when PHX_TEST_URL names a server
    auto app = std::make_shared<phx::app::Application>(phx::app::ApplicationOptions{
        .repo = {.url = "sqlite::memory:"}, .secret_key_base = std::string(64, 's'), .password_cost = {.memory_kib = 64, .passes = 1}});
    app->migrate();
    return {.user_socket = app->user_socket(),
            .pubsub = {app, &app->contexts().pubsub},
            .plugs = app->endpoint_options({}).plugs,
            .keeps = app};
  }

  void SetUp() override {
    const std::string name = "user" + std::to_string(std::random_device()());
    const Json account = obj("email", name + "@example.org", "name", name, "password", "correct horse battery");
    user = json_response(post(build_conn(), "/api/v1/users", account), 201)["data"];
    token = json_response(post(build_conn(), "/api/v1/sessions", account), 201)["data"]["token"].get<std::string>();
    socket = connect(obj("token", token));
  }

  Json user;
  std::string token;
  TestSocket socket;
};

TEST_F(ChatTest, ConnectsWithATokenOnly) {
  auto [reply, own] = subscribe_and_join(socket, "user:" + user["id"].dump());
  EXPECT_TRUE(own.joined());
  EXPECT_FALSE(try_connect(obj("token", "not a token")));
}

TEST_F(ChatTest, BroadcastsNewMessages) {
  auto [reply, room] = subscribe_and_join(socket, "room:lobby");
  push(room, "new_msg", obj("body", "Hello World"));
  assert_broadcast("new_msg", obj("body", "Hello World"));
}

TEST_F(ChatTest, AnswersAMessageOnceItIsStored) {
  auto [reply, chat] = subscribe_and_join(socket, "chat:general");
  auto ref = push(chat, "new_message", obj("message", "Hello World"));
  std::int64_t id = 0;
  assert_reply(ref, "ok", At("id", Capture(&id)));
  assert_broadcast("new_message", obj("id", id, "content", "Hello World", "user", obj("name", user["name"])));
}

TEST_F(ChatTest, RequiresAuthorizationForPrivateRooms) {
  const auto refused = try_subscribe_and_join(socket, "room:private");
  EXPECT_EQ(refused.status, "error");
  EXPECT_EQ(refused.response, obj("reason", "unauthorized"));
}

TEST_F(ChatTest, TracksPresence) {
  auto [reply, chat] = subscribe_and_join(socket, "chat:general");
  assert_push("presence_state", At(user["id"].dump() + ".metas.0.name", user["name"]));
}

TEST_F(ChatTest, ValidatesMessageContent) {
  auto [reply, chat] = subscribe_and_join(socket, "chat:general");
  auto ref = push(chat, "new_message", obj("message", ""));
  assert_reply(ref, "error", obj("errors", obj("message", Json::array({"can't be blank"}))));
}

TEST_F(ChatTest, HandlesDisconnectionCleanup) {
  auto conn = post(put_req_header(build_conn(), "authorization", "Bearer " + token), "/api/v1/games");
  const Json seat = json_response(conn, 201)["data"];
  auto [reply, game] = subscribe_and_join(socket, "game:" + seat["game"]["id"].dump(), obj("player_token", seat["player_token"]));
  close(game);
  assert_broadcast("player_left", obj("player_id", user["id"]));
}
