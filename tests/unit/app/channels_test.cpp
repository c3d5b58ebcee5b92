// The other channels in process, and who may connect.
#include <phx/core/etf_json.hpp>

#include "unit/app/app_case.hpp"

namespace phx::app {
namespace {

struct ChannelsTest : ChannelCase {
  Json refused(const char* reason) { return obj("status", "error", "response", obj("reason", reason)); }
  std::string seat(const Game& game, const User& player) { return contexts().credentials.player_token(game.id, player.id); }
  std::string topic(const char* prefix, std::int64_t id) { return prefix + std::to_string(id); }
};

TEST_P(ChannelsTest, ConnectTakesATokenFromEveryPlace) {
  const auto ada = user("ada");
  const auto good = token(ada);
  const auto own = topic("user:", ada.id);
  EXPECT_EQ(Peer(*this, obj("token", good)).join(own)["status"], "ok");
  server::ConnectInfo protocol;
  protocol.auth_token = good;
  EXPECT_EQ(Peer(*this, obj(), protocol).join(own)["status"], "ok");
  server::ConnectInfo header;
  header.x_headers.emplace().emplace_back("x-authorization", "Bearer " + good);
  EXPECT_EQ(Peer(*this, obj(), header).join(own)["status"], "ok");
  server::ConnectInfo session;
  session.session = std::make_shared<const core::etf::Term>(core::etf::from_json(obj("user_token", good)).value());
  EXPECT_EQ(Peer(*this, obj(), session).join(own)["status"], "ok");
}

TEST_P(ChannelsTest, ConnectRefusesForgedTruncatedAndForeignTokens) {
  const auto good = token(user("ada"));
  std::string forged = good;
  forged[forged.size() / 2] ^= 1;
  for (const std::string& bad : {forged, good.substr(0, good.size() - 5), std::string("nonsense"), std::string()})
    EXPECT_FALSE(Peer(*this, obj("token", bad)).connected()) << bad;
  EXPECT_FALSE(Peer(*this, obj("token", 7)).connected());
  server::ConnectInfo header;
  header.x_headers.emplace().emplace_back("x-authorization", "Basic YWRh");
  EXPECT_FALSE(Peer(*this, obj(), header).connected());
}

TEST_P(ChannelsTest, LogoutAndBanDisconnect) {
  const auto ada = user("ada"), root = admin("root");
  const auto login = contexts().accounts.log_in(ada.email, good_password).value();
  Peer socket(*this, obj("token", login.token));
  ASSERT_TRUE(contexts().accounts.log_out({ada.id, login.session.id}, login.session.id));
  run();
  EXPECT_TRUE(socket.closed);
  EXPECT_FALSE(Peer(*this, obj("token", login.token)).connected());
  auto again = connect(ada), other = connect(root);
  ASSERT_TRUE(contexts().accounts.ban_user(root.id, ada.id));
  run();
  EXPECT_TRUE(again.closed);
  EXPECT_FALSE(other.closed);
}

TEST_P(ChannelsTest, RoomLobbyIsOpenAndPrivateRoomsAreRefused) {
  auto socket = connect(user("ada"));
  EXPECT_EQ(socket.join("room:lobby")["status"], "ok");
  EXPECT_EQ(socket.join("room:private"), refused("unauthorized"));
  socket.push("room:lobby", "new_msg", obj("body", "Hello World"));
  EXPECT_EQ(socket.event("new_msg"), obj("body", "Hello World"));
  EXPECT_EQ(socket.push("room:lobby", "nonsense"), refused("unknown event"));
}

TEST_P(ChannelsTest, RoomsOfAUserAreForHimself) {
  const auto ada = user("ada");
  contexts().chat.create_room(ada.id, obj("name", "mine", "private", true)).value();
  auto socket = connect(ada);
  EXPECT_EQ(socket.join(topic("rooms:user:", ada.id))["response"]["rooms"][0]["name"], "mine");
  EXPECT_EQ(connect(user("bob")).join(topic("rooms:user:", ada.id)), refused("unauthorized"));
  EXPECT_EQ(guest("eve").join(topic("rooms:user:", ada.id)), refused("unauthorized"));
}

TEST_P(ChannelsTest, AGameIsPlayedToItsEnd) {
  const auto ada = user("ada"), bob = user("bob");
  const auto game = contexts().games.create_game({ada.id, ada.name}).value();
  const auto at = topic("game:", game.id);
  auto x = connect(ada), o = connect(bob);
  EXPECT_EQ(x.join(at, obj("player_token", seat(game, ada)))["response"]["game"]["status"], "waiting");
  EXPECT_EQ(x.push(at, "make_move", obj("move", 0)), refused("game_not_started"));
  EXPECT_EQ(o.join(at, obj("player_token", seat(game, bob)))["response"]["game"]["status"], "playing");
  EXPECT_EQ(x.event("player_joined")["player"]["name"], "bob");
  EXPECT_EQ(o.push(at, "make_move", obj("move", 0)), refused("not_your_turn"));
  for (const Json& bad : {Json(9), Json(-1), Json("0"), Json(), Json(1.5)})
    EXPECT_EQ(x.push(at, "make_move", obj("move", bad)), refused("invalid_move"));
  for (const int move : {0, 3, 1, 4}) ASSERT_EQ((move < 3 ? x : o).push(at, "make_move", obj("move", move))["status"], "ok") << move;
  EXPECT_EQ(x.push(at, "make_move", obj("move", 3)), refused("invalid_move"));
  EXPECT_EQ(x.push(at, "make_move", obj("move", 2))["response"]["game"]["winner"], "X");
  EXPECT_EQ(o.events("move_made").size(), 5u);
  EXPECT_EQ(o.event("game_finished"), obj("winner", "X", "final_score", obj("X", 1, "O", 0)));
  EXPECT_EQ(o.push(at, "make_move", obj("move", 5)), refused("game_finished"));
}

TEST_P(ChannelsTest, AGameHandlesDisconnectionCleanup) {
  const auto ada = user("ada"), bob = user("bob");
  const auto game = contexts().games.create_game({ada.id, ada.name}).value();
  const auto at = topic("game:", game.id);
  auto x = connect(ada);
  x.join(at, obj("player_token", seat(game, ada)));
  {
    auto o = connect(bob);
    o.join(at, obj("player_token", seat(game, bob)));
    x.push(at, "make_move", obj("move", 4));
    o.cut();
  }
  EXPECT_EQ(x.event("player_left"), obj("player_id", bob.id));
  auto back = connect(bob);  // the seat and the state are kept
  const Json state = back.join(at, obj("player_token", seat(game, bob)))["response"]["game"];
  EXPECT_EQ(state["board"][4], "X");
  EXPECT_EQ(state["current_turn"], "O");
  EXPECT_EQ(back.push(at, "request_game_state")["response"]["game"], state);
}

TEST_P(ChannelsTest, AGameRefusesWhoHasNoSeat) {
  const auto ada = user("ada"), bob = user("bob"), eve = user("eve");
  const auto game = contexts().games.create_game({ada.id, ada.name}).value();
  const auto at = topic("game:", game.id);
  auto socket = connect(eve);
  EXPECT_EQ(socket.join(at), refused("invalid_token"));
  EXPECT_EQ(socket.join(at, obj("player_token", seat(game, ada))), refused("invalid_token"));  // somebody else's
  EXPECT_EQ(socket.join(at, obj("player_token", contexts().credentials.player_token(game.id + 1, eve.id))), refused("invalid_token"));
  connect(bob).join(at, obj("player_token", seat(game, bob)));
  EXPECT_EQ(socket.join(at, obj("player_token", seat(game, eve))), refused("game_full"));
  EXPECT_EQ(socket.join("game:x"), refused("not_found"));
  auto x = connect(ada);
  x.join(at, obj("player_token", seat(game, ada)));
  EXPECT_EQ(x.push(at, "send_chat", obj("message", "gl"))["status"], "ok");
  EXPECT_EQ(x.event("chat_message")["message"], "gl");
  EXPECT_EQ(x.push(at, "send_chat", obj("message", ""))["status"], "error");
  EXPECT_EQ(x.push(at, "nonsense"), refused("unknown event"));
}

TEST_P(ChannelsTest, TheDashboardIsForAdmins) {
  const auto ada = user("ada"), root = admin("root");
  auto socket = connect(ada);
  EXPECT_EQ(socket.join("admin:dashboard"), refused("unauthorized"));
  EXPECT_EQ(socket.join("admin:users"), refused("unauthorized"));
  EXPECT_EQ(guest("eve").join("admin:dashboard"), refused("unauthorized"));
  contexts().orders.create_order(ada.id, obj("item", "tea", "quantity", 2, "unit_price", 350)).value();
  auto boss = connect(root);
  EXPECT_EQ(boss.join("admin:dashboard")["status"], "ok");
  const Json figures = boss.event("dashboard_data");
  EXPECT_EQ(figures["total_users"], 2);
  EXPECT_EQ(figures["active_users"], 2);
  EXPECT_EQ(figures["revenue"], 700);
  EXPECT_TRUE(figures.contains("system_health"));
  advance(29s);
  EXPECT_TRUE(boss.events("dashboard_update").empty());
  advance(1s);
  EXPECT_EQ(boss.events("dashboard_update").size(), 1u);
  advance(30s);
  EXPECT_EQ(boss.events("dashboard_update").size(), 1u);
}

// Issue 5, the role check of admin:*: `phx-server grant` takes the role while the channels are open.
TEST_P(ChannelsTest, TheDashboardEndsWithTheRole) {
  const auto bob = user("bob"), root = admin("root"), other = admin("other");
  auto boss = connect(root), second = connect(other);
  for (const char* topic : {"admin:dashboard", "admin:users"}) {
    ASSERT_EQ(boss.join(topic)["status"], "ok");
    ASSERT_EQ(second.join(topic)["status"], "ok");
  }
  ASSERT_EQ(boss.events("dashboard_data").size(), 1u);
  ASSERT_TRUE(contexts().accounts.grant_role(root.email, "user"));
  advance(30s);
  EXPECT_EQ(second.events("dashboard_update").size(), 1u);
  EXPECT_TRUE(boss.events("dashboard_update").empty());
  EXPECT_EQ(boss.event("error"), obj("reason", "unauthorized"));
  EXPECT_EQ(boss.events("phx_close").size(), 1u);
  second.push("admin:users", "ban_user", obj("user_id", bob.id));
  EXPECT_EQ(second.events("user_banned").size(), 1u);
  EXPECT_TRUE(boss.events("user_banned").empty());
  EXPECT_EQ(boss.event("error"), obj("reason", "unauthorized"));
  EXPECT_EQ(boss.events("phx_close").size(), 1u);
  EXPECT_EQ(boss.join("admin:users"), refused("unauthorized"));
}

TEST_P(ChannelsTest, AdminsBanAndLookUpUsers) {
  const auto bob = user("bob"), root = admin("root");
  auto boss = connect(root), socket = connect(bob);
  boss.join("admin:users");
  EXPECT_EQ(boss.push("admin:users", "get_user_details", obj("user_id", bob.id))["response"]["email"], "bob@example.org");
  EXPECT_EQ(boss.push("admin:users", "get_user_details", obj("user_id", 4711)), refused("user_not_found"));
  EXPECT_EQ(boss.push("admin:users", "ban_user", obj("user_id", "x"))["status"], "error");
  EXPECT_EQ(boss.push("admin:users", "ban_user", obj("user_id", bob.id))["response"], obj("status", "banned"));
  EXPECT_EQ(boss.event("user_banned"), obj("user_id", bob.id, "banned_by", root.id));
  EXPECT_TRUE(socket.closed);
  EXPECT_EQ(boss.push("admin:users", "nonsense"), refused("unknown event"));
}

TEST_P(ChannelsTest, AUserHearsOfOwnOrdersAfterTheCommit) {
  const auto ada = user("ada");
  auto socket = connect(ada);
  EXPECT_EQ(socket.join(topic("user:", ada.id))["status"], "ok");
  EXPECT_EQ(socket.join(topic("user:", ada.id + 1)), refused("unauthorized"));
  contexts().orders.create_order(ada.id, obj("item", "tea", "quantity", 1, "unit_price", 5)).value();
  EXPECT_EQ(socket.event("order_created")["item"], "tea");
  EXPECT_FALSE(contexts().orders.create_order(ada.id, obj("item", "tea", "quantity", 0, "unit_price", 5)));
  EXPECT_TRUE(socket.events("order_created").empty());
}

TEST_P(ChannelsTest, FriendsNotifyEachOtherThroughTheQueue) {
  const auto ada = user("ada"), bob = user("bob"), eve = user("eve");
  contexts().accounts.add_friend(ada.id, bob.id).value();
  contexts().accounts.add_friend(bob.id, ada.id).value();
  auto one = connect(ada), two = connect(bob), three = connect(eve);
  EXPECT_EQ(two.join(topic("notifications:", bob.id))["status"], "ok");
  EXPECT_EQ(one.join(topic("notifications:", bob.id)), refused("unauthorized"));
  one.join(topic("notifications:", ada.id));
  three.join(topic("notifications:", eve.id));
  EXPECT_EQ(three.push(topic("notifications:", eve.id), "send_notification", obj("user_id", bob.id, "message", "buy")),
            refused("forbidden"));
  EXPECT_EQ(one.push(topic("notifications:", ada.id), "send_notification", obj("user_id", bob.id, "message", ""))["status"], "error");
  const Json sent = one.push(topic("notifications:", ada.id), "send_notification", obj("user_id", bob.id, "message", "tea?"));
  EXPECT_EQ(sent["status"], "ok");
  EXPECT_TRUE(two.events("new_notification").empty());  // the job has not run
  EXPECT_EQ(app->jobs().run_due(), 1u);
  const Json note = two.event("new_notification");
  EXPECT_EQ(note["id"], sent["response"]["id"]);
  EXPECT_EQ(note["message"], "tea?");
  EXPECT_EQ(app->jobs().run_due(), 0u);
}

TEST_P(ChannelsTest, OrganizationsAndTeamsAreForTheirMembers) {
  const auto ada = user("ada"), bob = user("bob"), eve = user("eve");
  auto& organizations = contexts().organizations;
  const auto org = organizations.create_organization(ada.id, obj("name", "Engines")).value();
  const auto team = organizations.create_team(org.id, ada.id, obj("name", "Cards")).value();
  organizations.add_member(org.id, ada.id, obj("user_id", bob.id)).value();
  const auto whole = topic("org:", org.id), part = whole + topic(":team:", team.id);
  auto socket = connect(bob);
  EXPECT_EQ(socket.join(whole)["status"], "ok");
  EXPECT_EQ(socket.join(part), refused("unauthorized"));
  organizations.add_team_member(org.id, team.id, ada.id, obj("user_id", bob.id)).value();
  EXPECT_EQ(socket.join(part)["status"], "ok");
  EXPECT_EQ(socket.push(part, "announce", obj("message", "hi"))["status"], "ok");
  EXPECT_EQ(socket.event("announcement"), obj("from", bob.id, "message", "hi"));
  auto other = connect(eve);
  for (const auto& name : {whole, part, whole + ":team:x", std::string("org:x"), topic("org:", org.id + 1) + topic(":team:", team.id)})
    EXPECT_EQ(other.join(name), refused("unauthorized")) << name;
}

TEST_P(ChannelsTest, TheLoggingChannelIntercepts) {
  const auto ada = user("ada"), bob = user("bob");
  auto one = connect(ada), two = connect(bob);
  EXPECT_EQ(guest("eve").join("logging:a"), refused("unauthorized"));
  one.join("logging:a");
  two.join("logging:a");
  EXPECT_EQ(one.event("user_joined"), obj("user_id", bob.id));
  EXPECT_TRUE(two.events("user_joined").empty());  // the own join is hidden
  one.push("logging:a", "new_message", obj("body", "x"));
  EXPECT_EQ(two.event("new_message"), obj("body", "x", "user_id", ada.id));
  EXPECT_EQ(contexts().monitoring.count_events("logging:a", "new_message"), 2);  // one per listener
  two.cut();
  const Json left = one.event("user_left");
  EXPECT_EQ(left["user_id"], bob.id);
  EXPECT_TRUE(left["left_at"].is_number_integer());
}

ON_BOTH_DATABASES(ChannelsTest);

}  // namespace
}  // namespace phx::app
