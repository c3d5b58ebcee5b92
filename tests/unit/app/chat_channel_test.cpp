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
