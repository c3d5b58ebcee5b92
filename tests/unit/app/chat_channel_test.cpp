// chat:* in process, in the words of the recipe's tests.
#include "unit/app/app_case.hpp"

namespace phx::app {
namespace {

struct ChatChannelTest : ChannelCase {
  Room room(const User& owner, const std::string& name, bool is_private) {
    return contexts().chat.create_room(owner.id, obj("name", name, "private", is_private)).value();
  }
};

TEST_P(ChatChannelTest, HandlesPresenceUpdates) {
  const auto ada = user("ada");
  auto socket = connect(ada);
  EXPECT_EQ(socket.join("chat:general")["status"], "ok");
  const auto id = std::to_string(ada.id);
  const Json state = socket.event("presence_state");
  EXPECT_EQ(state[id]["metas"][0]["name"], "ada");
  EXPECT_TRUE(state[id]["metas"][0].contains("avatar"));
  EXPECT_EQ(socket.push("chat:general", "update_presence", obj("status", "away", "name", "root"))["status"], "ok");
  const auto diffs = socket.events("presence_diff");
  const Json meta = diffs.back()["joins"][id]["metas"][0];
  EXPECT_EQ(meta["status"], "away");
  EXPECT_EQ(meta["name"], "ada");  // who one is, is not for the client to say
  const Json large = obj("status", std::string(4'000, 'x'));
  EXPECT_EQ(socket.push("chat:general", "update_presence", large)["response"]["reason"], "too large");
}

// design.md 7, limits.md: what is merged is bounded, not only what is sent.
TEST_P(ChatChannelTest, APresenceMetaIsBoundedAsAWhole) {
  auto socket = connect(user("ada")), other = guest("eve");
  for (auto* peer : {&socket, &other}) peer->join("chat:general");
  const std::string text(3'000, 'x');
  ASSERT_EQ(socket.push("chat:general", "update_presence", obj("one", text))["status"], "ok");
  other.events("presence_diff");
  EXPECT_EQ(socket.push("chat:general", "update_presence", obj("two", text))["response"]["reason"], "too large");
  EXPECT_TRUE(other.events("presence_diff").empty()) << "nothing has changed";
  EXPECT_EQ(socket.push("chat:general", "update_presence", obj("one", std::string(3'100, 'y')))["status"], "ok");  // instead of the first
  EXPECT_EQ(socket.push("chat:general", "update_presence", obj("one", "", "two", text))["status"], "ok");
  for (int i = 0; i < 60; ++i) other.push("chat:general", "update_presence", obj("key" + std::to_string(i), std::string(200, 'z')));
  const Json diffs = other.events("presence_diff");
  ASSERT_FALSE(diffs.empty());
  for (const Json& diff : diffs)
    for (const Json& entry : diff["joins"]) EXPECT_LE(entry["metas"][0].dump().size(), 4'100u);  // phx_ref_prev comes after the bound
}

TEST_P(ChatChannelTest, BroadcastsAMessageOnceItIsStored) {
  const auto ada = user("ada"), bob = user("bob");
  auto one = connect(ada), two = connect(bob);
  one.join("chat:general");
  two.join("chat:general");
  const Json reply = one.push("chat:general", "new_message", obj("message", "Hello World"));
  ASSERT_EQ(reply["status"], "ok");
  const Json message = two.event("new_message");
  EXPECT_EQ(message["id"], reply["response"]["id"]);
  EXPECT_EQ(message["content"], "Hello World");
  EXPECT_EQ(message["user"]["id"], ada.id);
  EXPECT_EQ(message["user"]["name"], "ada");
  EXPECT_EQ(contexts().chat.history("general").at(0).content, "Hello World");
}

TEST_P(ChatChannelTest, PushesTheHistoryAfterAJoin) {
  auto ada = connect(user("ada"));
  ada.join("chat:general");
  for (const char* text : {"one", "two"}) ada.push("chat:general", "new_message", obj("message", text));
  auto bob = connect(user("bob"));
  bob.join("chat:general");
  const Json messages = bob.event("messages_history")["messages"];
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0]["content"], "one");
  EXPECT_EQ(messages[1]["content"], "two");
}

TEST_P(ChatChannelTest, ValidatesMessageContent) {
  auto socket = connect(user("ada"));
  socket.join("chat:general");
  for (const Json& bad : {obj("message", ""), obj(), obj("message", nullptr)}) {
    const Json reply = socket.push("chat:general", "new_message", bad);
    EXPECT_EQ(reply["status"], "error");
    EXPECT_EQ(reply["response"]["errors"]["message"][0], "can't be blank") << bad;
  }
  EXPECT_EQ(socket.push("chat:general", "new_message", obj("message", 7))["response"]["errors"]["message"][0], "is invalid");
  EXPECT_EQ(socket.push("chat:general", "new_message", obj("message", std::string(4001, 'x')))["status"], "error");
  EXPECT_TRUE(socket.events("new_message").empty());
}

TEST_P(ChatChannelTest, TypingGoesToTheOthers) {
  const auto ada = user("ada");
  auto one = connect(ada), two = connect(user("bob"));
  one.join("chat:general");
  two.join("chat:general");
  one.push("chat:general", "typing", obj("typing", true));
  EXPECT_EQ(two.event("user_typing"), obj("user_id", ada.id, "typing", true));
  EXPECT_TRUE(one.events("user_typing").empty());
}

TEST_P(ChatChannelTest, OneDeletesOwnMessagesOnly) {
  auto one = connect(user("ada")), two = connect(user("bob")), guest = this->guest("eve");
  for (auto* socket : {&one, &two, &guest}) socket->join("chat:general");
  const Json id = one.push("chat:general", "new_message", obj("message", "mine"))["response"]["id"];
  EXPECT_EQ(two.push("chat:general", "delete_message", obj("message_id", id))["response"]["reason"], "forbidden");
  EXPECT_EQ(guest.push("chat:general", "delete_message", obj("message_id", id))["response"]["reason"], "forbidden");
  EXPECT_EQ(one.push("chat:general", "delete_message", obj("message_id", 4711))["response"]["reason"], "not_found");
  EXPECT_EQ(one.push("chat:general", "delete_message", obj("message_id", id))["status"], "ok");
  EXPECT_EQ(two.event("message_deleted"), obj("message_id", id));
  EXPECT_TRUE(contexts().chat.history("general").empty());
}

TEST_P(ChatChannelTest, MoreThanSixtyMessagesAMinuteArePushedAnError) {
  auto socket = connect(user("ada"));
  socket.join("chat:general");
  for (int i = 0; i < 60; ++i) ASSERT_EQ(socket.push("chat:general", "new_message", obj("message", "x"))["status"], "ok") << i;
  EXPECT_EQ(socket.push("chat:general", "new_message", obj("message", "x"))["response"]["reason"], "rate_limit_exceeded");
  EXPECT_EQ(socket.event("error"), obj("reason", "rate_limit_exceeded"));
  advance(59s);
  EXPECT_EQ(socket.push("chat:general", "new_message", obj("message", "x"))["status"], "error");
  advance(1s);
  EXPECT_EQ(socket.push("chat:general", "new_message", obj("message", "x"))["status"], "ok");
}

TEST_P(ChatChannelTest, JoiningAgainOrTwiceGivesNoMoreMessages) {
  const auto ada = user("ada"), bob = user("bob");
  auto one = connect(ada), two = connect(ada), other = connect(bob);
  for (auto* socket : {&one, &two, &other}) socket->join("chat:general");
  for (int i = 0; i < 60; ++i) ASSERT_EQ(one.push("chat:general", "new_message", obj("message", "x"))["status"], "ok") << i;
  one.join("chat:general");
  for (auto* socket : {&one, &two})
    EXPECT_EQ(socket->push("chat:general", "new_message", obj("message", "x"))["response"]["reason"], "rate_limit_exceeded");
  EXPECT_EQ(other.push("chat:general", "new_message", obj("message", "x"))["status"], "ok");
  one.join("chat:elsewhere");
  EXPECT_EQ(one.push("chat:elsewhere", "new_message", obj("message", "x"))["status"], "ok");
}

// design.md 7: what is remembered of clients is bounded
TEST(MessageRatesTest, KeepsABoundedNumberOfCounts) {
  MessageRates rates;
  const Instant now{};
  for (int i = 0; i < 60; ++i) EXPECT_FALSE(rates.over("ada|room", now));
  EXPECT_EQ(rates.over("ada|room", now + 59s), 1s);
  for (std::size_t i = 0; i < MessageRates::max_windows + 10; ++i) rates.over(std::to_string(i) + "|room", now + 1s);
  EXPECT_EQ(rates.size(), MessageRates::max_windows);
  rates.over("new|room", now + 61s);
  EXPECT_EQ(rates.size(), 1u) << "those whose minute is over go first";
}

TEST_P(ChatChannelTest, PrivateRoomsAreForMembers) {
  const auto ada = user("ada"), bob = user("bob");
  const auto secret = room(ada, "secret", true), open = room(ada, "open", false);
  const std::string topic = "chat:" + std::to_string(secret.id);
  auto socket = connect(bob);
  EXPECT_EQ(socket.join(topic), obj("status", "error", "response", obj("reason", "unauthorized")));
  EXPECT_EQ(guest("eve").join(topic)["response"]["reason"], "unauthorized");
  EXPECT_EQ(socket.join("chat:" + std::to_string(open.id))["status"], "ok");
  EXPECT_EQ(socket.join("chat:4711")["response"]["reason"], "room_not_found");
  EXPECT_EQ(socket.join("chat:99999999999999999999999")["response"]["reason"], "room_not_found");
  ASSERT_TRUE(contexts().chat.add_member(secret.id, bob.id, ada.id));
  EXPECT_EQ(socket.join(topic)["status"], "ok");
}

// Issue 5: rooms and membership, reading others' rooms: being inside gives no right to stay.
TEST_P(ChatChannelTest, WhoIsRemovedFromAPrivateRoomIsPutOut) {
  const auto ada = user("ada"), bob = user("bob");
  const auto secret = room(ada, "secret", true);
  const std::string topic = "chat:" + std::to_string(secret.id);
  ASSERT_TRUE(contexts().chat.add_member(secret.id, bob.id, ada.id));
  auto one = connect(ada), two = connect(bob);
  for (auto* socket : {&one, &two}) ASSERT_EQ(socket->join(topic)["status"], "ok");
  one.events("presence_diff");
  ASSERT_TRUE(contexts().chat.remove_member(secret.id, bob.id, ada.id));
  EXPECT_EQ(two.event("error"), obj("reason", "unauthorized"));
  EXPECT_EQ(two.events("phx_close").size(), 1u);
  EXPECT_TRUE(one.event("presence_diff")["leaves"].contains(std::to_string(bob.id)));
  EXPECT_EQ(one.push(topic, "new_message", obj("message", "after bob was removed"))["status"], "ok");
  EXPECT_TRUE(two.events("new_message").empty());
  EXPECT_EQ(two.push(topic, "new_message", obj("message", "still here"))["status"], "error");
  EXPECT_EQ(one.events("new_message").size(), 1u);
  EXPECT_EQ(two.join(topic)["response"]["reason"], "unauthorized");
  EXPECT_TRUE(one.events("access_changed").empty());  // nobody else's business
}

TEST_P(ChatChannelTest, ARoomThatBecomesPrivateKeepsItsMembersOnly) {
  const auto ada = user("ada"), bob = user("bob"), cyd = user("cyd");
  const auto open = room(ada, "open", false);
  const std::string topic = "chat:" + std::to_string(open.id);
  ASSERT_TRUE(contexts().chat.add_member(open.id, cyd.id, cyd.id));
  auto owner = connect(ada), visitor = connect(bob), member = connect(cyd), nobody = guest("eve");
  for (auto* socket : {&owner, &visitor, &member, &nobody}) ASSERT_EQ(socket->join(topic)["status"], "ok");
  ASSERT_TRUE(contexts().chat.update_room(open.id, ada.id, obj("topic", "still open")));
  EXPECT_TRUE(visitor.events("error").empty());
  ASSERT_TRUE(contexts().chat.update_room(open.id, ada.id, obj("private", true)));
  for (auto* socket : {&visitor, &nobody}) {
    EXPECT_EQ(socket->event("error"), obj("reason", "unauthorized"));
    EXPECT_EQ(socket->events("phx_close").size(), 1u);
  }
  EXPECT_EQ(owner.push(topic, "new_message", obj("message", "secret now"))["status"], "ok");
  EXPECT_EQ(member.push(topic, "new_message", obj("message", "yes"))["status"], "ok");
  EXPECT_EQ(member.events("new_message").size(), 2u);
  for (auto* socket : {&visitor, &nobody}) EXPECT_TRUE(socket->events("new_message").empty());
}

TEST_P(ChatChannelTest, ADeletedRoomIsLeftByEverybody) {
  const auto ada = user("ada");
  const auto open = room(ada, "open", false);
  const std::string id = std::to_string(open.id);
  auto owner = connect(ada), nobody = guest("eve"), elsewhere = guest("cyd");
  ASSERT_EQ(owner.join("chat:" + id)["status"], "ok");
  ASSERT_EQ(nobody.join("chat:0" + id)["status"], "ok");  // the same room, written otherwise
  ASSERT_EQ(elsewhere.join("chat:lobby")["status"], "ok");
  ASSERT_TRUE(contexts().chat.delete_room(open.id, ada.id));
  for (auto* socket : {&owner, &nobody}) {
    EXPECT_EQ(socket->event("error"), obj("reason", "room_not_found"));
    EXPECT_EQ(socket->events("phx_close").size(), 1u);
  }
  EXPECT_EQ(owner.push("chat:" + id, "new_message", obj("message", "x"))["status"], "error");
  EXPECT_TRUE(contexts().chat.history(id).empty());
  EXPECT_EQ(elsewhere.push("chat:lobby", "new_message", obj("message", "x"))["status"], "ok");
}

TEST_P(ChatChannelTest, ADeletedUsersRoomsGoWithTheirMessages) {
  const auto ada = user("ada"), bob = user("bob");
  const auto hers = room(ada, "hers", false), his = room(bob, "his", false);
  const auto name = [](const Room& room) { return std::to_string(room.id); };
  auto nobody = guest("eve");
  for (const Room* room : {&hers, &his}) {
    ASSERT_EQ(nobody.join("chat:" + name(*room))["status"], "ok");
    ASSERT_EQ(nobody.push("chat:" + name(*room), "new_message", obj("message", "x"))["status"], "ok");
  }
  std::vector<std::int64_t> gone;
  ASSERT_TRUE(
      contexts().accounts.delete_user(ada.id, ada.id, [&](store::Repo& tx) { gone = contexts().chat.delete_rooms_of(tx, ada.id); }));
  EXPECT_EQ(gone, std::vector{hers.id});
  EXPECT_TRUE(contexts().chat.history(name(hers)).empty());
  EXPECT_EQ(contexts().chat.history(name(his)).size(), 1u);
  contexts().chat.close_rooms(gone);
  EXPECT_EQ(nobody.event("error"), obj("reason", "room_not_found"));
  EXPECT_EQ(nobody.push("chat:" + name(his), "new_message", obj("message", "x"))["status"], "ok");
}

TEST_P(ChatChannelTest, WhoGivesUpMembershipOfAnOpenRoomMayStay) {
  const auto ada = user("ada"), bob = user("bob");
  const auto open = room(ada, "open", false);
  const std::string topic = "chat:" + std::to_string(open.id);
  ASSERT_TRUE(contexts().chat.add_member(open.id, bob.id, bob.id));
  auto socket = connect(bob);
  socket.join(topic);
  ASSERT_TRUE(contexts().chat.remove_member(open.id, bob.id, bob.id));
  EXPECT_EQ(socket.push(topic, "new_message", obj("message", "x"))["status"], "ok");
  EXPECT_TRUE(socket.events("phx_close").empty());
}

TEST_P(ChatChannelTest, ARemovalDuringTheJoinIsNotMissed) {
  const auto ada = user("ada"), bob = user("bob");
  const auto secret = room(ada, "secret", true);
  ASSERT_TRUE(contexts().chat.add_member(secret.id, bob.id, ada.id));
  auto socket = connect(bob);
  executor.after_next = [&] { ASSERT_TRUE(contexts().chat.remove_member(secret.id, bob.id, ada.id)); };
  EXPECT_EQ(socket.join("chat:" + std::to_string(secret.id))["status"], "ok");  // he was let in a moment before
  EXPECT_EQ(socket.events("phx_close").size(), 1u);
}

// Also where the news has not arrived: the context is asked before each write.
TEST_P(ChatChannelTest, WritingNeedsAccessAtThatMoment) {
  const auto ada = user("ada"), bob = user("bob");
  const auto secret = room(ada, "secret", true);
  const std::string topic = "chat:" + std::to_string(secret.id);
  ASSERT_TRUE(contexts().chat.add_member(secret.id, bob.id, ada.id));
  auto socket = connect(bob);
  socket.join(topic);
  const Json id = socket.push(topic, "new_message", obj("message", "mine"))["response"]["id"];
  app->repo().delete_all(store::from<Membership>().where("room_id", secret.id).where("user_id", bob.id));
  EXPECT_EQ(socket.push(topic, "new_message", obj("message", "x"))["response"]["reason"], "unauthorized");
  EXPECT_EQ(socket.push(topic, "delete_message", obj("message_id", id))["response"]["reason"], "unauthorized");
  EXPECT_EQ(contexts().chat.history(std::to_string(secret.id)).size(), 1u);
}

TEST_P(ChatChannelTest, GuestsChatInRoomsWithoutWalls) {
  auto eve = guest("eve");
  EXPECT_EQ(eve.join("chat:lobby", obj("name", "Eve"))["status"], "ok");
  EXPECT_EQ(eve.push("chat:lobby", "new_message", obj("message", "hi"))["status"], "ok");
  const Json message = eve.event("new_message");
  EXPECT_EQ(message["user"], obj("id", "eve", "name", "Eve", "avatar", nullptr));
  auto false_ada = guest("1");  // numbers are accounts
  false_ada.join("chat:lobby");
  EXPECT_TRUE(false_ada.event("presence_state").contains("guest-1"));
}

TEST_P(ChatChannelTest, UnknownEventsAreAnswered) {
  auto socket = connect(user("ada"));
  socket.join("chat:general");
  EXPECT_EQ(socket.push("chat:general", "nonsense")["response"]["reason"], "unknown event");
  EXPECT_EQ(socket.push("chat:general", "new_message", Json::array())["status"], "error");
  EXPECT_EQ(socket.push("chat:general", "ping", obj("n", 1))["response"], obj("n", 1));
  EXPECT_TRUE(socket.events("phx_error").empty());
}

TEST_P(ChatChannelTest, SqlInTextIsText) {
  auto socket = connect(user("ada"));
  const std::string evil = "'); DROP TABLE messages; --";
  socket.join("chat:general' OR '1'='1");
  EXPECT_EQ(socket.push("chat:general' OR '1'='1", "new_message", obj("message", evil))["status"], "ok");
  EXPECT_EQ(contexts().chat.history("general' OR '1'='1").at(0).content, evil);
  EXPECT_TRUE(contexts().chat.history("general").empty());
}

ON_BOTH_DATABASES(ChatChannelTest);

}  // namespace
}  // namespace phx::app
