// The JSON API over loopback. RestCase holds every answer against the OpenAPI document too.
#include "unit/app/app_case.hpp"

namespace phx::app {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct RestTest : RestCase {
  /// The whole answer; `body` is JSON, or meant to be.
  std::string send(const std::string& line, const std::string& header, const std::string& body = "") {
    const std::string type =
        body.empty() ? "" : "content-type: application/json\r\ncontent-length: " + std::to_string(body.size()) + "\r\n";
    return raw(line + " HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + header + "\r\n" + type + "\r\n" + body);
  }
  std::string path(const char* prefix, const Json& id, const char* rest = "") { return prefix + id.dump() + rest; }
};

TEST_P(RestTest, AnswersHealthAndReadiness) {
  EXPECT_EQ(get("/health").json, obj("status", "ok"));
  EXPECT_EQ(get("/ready").json, obj("ready", true));
  app->drain();
  const auto draining = get("/ready");
  EXPECT_EQ(draining.status, 503);
  EXPECT_EQ(draining.json, obj("ready", false));
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_EQ(get("/api/v1/ping").json, obj("pong", true));
  EXPECT_EQ(get("/api/openapi.json").json["openapi"], "3.1.0");
  EXPECT_EQ(get("/api/v1/nowhere").status, 404);
}

TEST_P(RestTest, RegistersLogsInAndOut) {
  undocumented = {"role"};
  const auto made = post("/api/v1/users", "", obj("email", "ada@example.org", "name", "Ada", "password", good_password, "role", "admin"));
  ASSERT_EQ(made.status, 201) << made.json;
  EXPECT_EQ(made.header("location"), path("/api/v1/users/", made.data()["id"]));
  EXPECT_EQ(made.data()["role"], "user");
  const auto taken = post("/api/v1/users", "", obj("email", "ada@example.org", "name", "Ada", "password", good_password));
  EXPECT_EQ(taken.status, 422);
  EXPECT_EQ(taken.json["errors"]["email"][0], "has already been taken");
  EXPECT_EQ(post("/api/v1/sessions", "", obj("email", "ada@example.org", "password", "wrong")).status, 401);
  EXPECT_EQ(post("/api/v1/sessions", "", obj("email", "ada@example.org")).status, 400);
  const auto login = post("/api/v1/sessions", "", obj("email", "ada@example.org", "password", good_password));
  ASSERT_EQ(login.status, 201);
  const auto bearer = login.data()["token"].get<std::string>();
  EXPECT_EQ(get("/api/v1/me", bearer).data()["email"], "ada@example.org");
  EXPECT_EQ(get(made.header("location"), bearer).data()["email"], "ada@example.org");
  EXPECT_EQ(get("/api/v1/me").status, 401);
  EXPECT_EQ(del("/api/v1/sessions/4711", bearer).status, 404);
  EXPECT_EQ(del("/api/v1/sessions", bearer).status, 204);
  EXPECT_EQ(get("/api/v1/me", bearer).status, 401);
}

// Issue 5, REST: a location header on 201; RestCase follows each.
TEST_P(RestTest, ALoginIsShownToItsUserWhileItLasts) {
  const auto ada = user("ada");
  const auto bearer = token(ada), bob = token(user("bob"));
  const auto login = post("/api/v1/sessions", "", obj("email", ada.email, "password", good_password));
  const auto session = login.header("location");
  EXPECT_EQ(session, path("/api/v1/sessions/", login.data()["id"]));
  EXPECT_EQ(get(session, bearer).data()["expires_at"], login.data()["expires_at"]);
  EXPECT_EQ(get(session, bob).status, 404);
  EXPECT_EQ(get("/api/v1/sessions/x", bearer).status, 404);
  EXPECT_EQ(del(session, bearer).status, 204);
  EXPECT_EQ(get(session, bearer).status, 404);
}

// Issue 5: JSON APIs. curl says `accept: */*`, which Phoenix's default error views would answer with HTML.
TEST_P(RestTest, ErrorsAreJsonWhateverTheClientAccepts) {
  const auto told = [&](const std::string& line, const std::string& body = "") {
    const auto answer = send(line, "accept: */*", body);
    EXPECT_THAT(answer, HasSubstr("\r\ncontent-type: application/json"));
    return answer.substr(9, 3) + answer.substr(answer.find("\r\n\r\n") + 4);
  };
  EXPECT_EQ(told("GET /nowhere"), R"(404{"errors":{"detail":"Not Found"}})");
  EXPECT_EQ(told("PUT /api/v1/sessions"), R"(404{"errors":{"detail":"Not Found"}})");
  EXPECT_EQ(told("POST /api/v1/users", "{"), R"(400{"errors":{"detail":"Bad Request"}})");
  EXPECT_EQ(told("GET /api/v1/me"), R"(401{"errors":{"detail":"Unauthorized"}})");
}

// Issue 5, plugs: gzip. Not of answers that hold a secret beside what the client sent (BREACH).
TEST_P(RestTest, AnswersAreCompressedUnlessTheyHoldASecret) {
  user("ada");
  const auto login = obj("email", "ada@example.org", "password", good_password).dump();
  EXPECT_THAT(send("GET /api/openapi.json", "accept-encoding: gzip"), HasSubstr("\r\ncontent-encoding: gzip\r\n"));
  EXPECT_THAT(send("GET /api/openapi.json", "accept-encoding: identity"), Not(HasSubstr("\r\ncontent-encoding")));
  const auto secret = send("POST /api/v1/sessions", "accept-encoding: gzip", login);
  EXPECT_THAT(secret, StartsWith("HTTP/1.1 201 "));
  EXPECT_THAT(secret, HasSubstr("\r\ncache-control: no-store, no-transform\r\n"));
  EXPECT_THAT(secret, HasSubstr("\"token\":\""));
}

TEST_P(RestTest, UsersAreListedFilteredAndPaged) {
  const auto ada = user("ada");
  for (const char* name : {"bob", "bobby", "eve"}) user(name);
  const auto bearer = token(ada);
  const auto first = get("/api/v1/users?name=bob&limit=1", bearer);
  ASSERT_EQ(first.json["data"].size(), 1u);
  EXPECT_EQ(first.json["data"][0]["name"], "bob");
  EXPECT_FALSE(first.json["data"][0].contains("email"));  // nobody else's business
  EXPECT_EQ(first.json["page"]["has_next"], true);
  const auto second = get("/api/v1/users?name=bob&limit=1&after=" + first.json["page"]["end"].get<std::string>(), bearer);
  EXPECT_EQ(second.json["data"][0]["name"], "bobby");
  EXPECT_EQ(second.json["page"]["has_next"], false);
  for (const char* bad : {"limit=0", "limit=x", "limit=101", "after=nonsense", "after=a&before=b", "name[]=x"})
    EXPECT_EQ(get(std::string("/api/v1/users?") + bad, bearer).status, 400) << bad;
  EXPECT_EQ(get("/api/v1/users?name=%25", bearer).json["data"].size(), 0u);  // a percent sign is a text too
}

TEST_P(RestTest, UsersChangeAndDeleteThemselvesOnly) {
  const auto ada = user("ada"), bob = user("bob");
  const auto bearer = token(ada);
  undocumented = {"role"};
  const auto own = path("/api/v1/users/", ada.id), other = path("/api/v1/users/", bob.id);
  EXPECT_EQ(request("PATCH", own, bearer, obj("name", "Countess", "role", "admin")).data()["role"], "user");
  EXPECT_EQ(request("PATCH", own, bearer, obj("name", "")).status, 422);
  EXPECT_EQ(request("PUT", other, bearer, obj("name", "x")).status, 403);
  EXPECT_EQ(del(other, bearer).status, 403);
  EXPECT_EQ(get(other, bearer).data()["name"], "bob");
  EXPECT_EQ(get("/api/v1/users/4711", bearer).status, 404);
  EXPECT_EQ(get("/api/v1/users/x", bearer).status, 404);
  EXPECT_EQ(del(own, bearer).status, 204);
  EXPECT_EQ(get("/api/v1/me", bearer).status, 401);
}

TEST_P(RestTest, RoomsAndMessages) {
  const auto ada = token(user("ada"));
  const auto bob_user = user("bob");
  const auto bob = token(bob_user);
  const auto made = post("/api/v1/rooms", ada, obj("name", "engines", "private", true));
  ASSERT_EQ(made.status, 201) << made.json;
  const auto room = made.header("location");
  EXPECT_EQ(post("/api/v1/rooms", ada, obj("name", "engines")).json["errors"]["name"][0], "has already been taken");
  EXPECT_EQ(post("/api/v1/rooms", ada, obj("name", "")).status, 422);
  // Reading others' rooms: a private one does not exist for who is no member.
  EXPECT_EQ(get(room, bob).status, 404);
  EXPECT_EQ(get(room + "/messages", bob).status, 404);
  EXPECT_EQ(post(room + "/messages", bob, obj("content", "x")).status, 404);
  EXPECT_EQ(post(room + "/members", bob, obj()).status, 404);
  EXPECT_EQ(get("/api/v1/rooms", bob).json["data"].size(), 0u);
  EXPECT_EQ(post(room + "/members", ada, obj("user_id", bob_user.id)).status, 201);
  EXPECT_EQ(post(room + "/members", ada, obj("user_id", 4711)).status, 422);
  EXPECT_EQ(get("/api/v1/rooms?name=ENG", bob).json["data"].size(), 1u);
  const auto said = post(room + "/messages", bob, obj("content", "hello"));
  ASSERT_EQ(said.status, 201);
  EXPECT_EQ(post(room + "/messages", bob, obj("content", "")).status, 422);
  EXPECT_EQ(get(room + "/messages", ada).json["data"][0]["content"], "hello");
  EXPECT_EQ(get(said.header("location"), ada).data()["content"], "hello");
  EXPECT_EQ(get(said.header("location") + "9", ada).status, 404);
  const auto elsewhere = post("/api/v1/rooms", ada, obj("name", "elsewhere")).header("location");
  EXPECT_EQ(get(elsewhere + path("/messages/", said.data()["id"]), ada).status, 404);
  EXPECT_EQ(del(said.header("location"), ada).status, 403);
  EXPECT_EQ(del(said.header("location"), bob).status, 204);
  EXPECT_EQ(del(said.header("location"), bob).status, 404);
  EXPECT_EQ(request("PATCH", room, bob, obj("topic", "mine")).status, 403);
  EXPECT_EQ(request("PATCH", room, ada, obj("topic", "ours")).data()["topic"], "ours");
  EXPECT_EQ(del(room + path("/members/", bob_user.id), bob).status, 204);
  EXPECT_EQ(get(room, bob).status, 404);
  EXPECT_EQ(del(room, ada).status, 204);
  EXPECT_EQ(get(room, ada).status, 404);
}

// The limit is that of the channel (chat_channel_test), and one count serves both.
TEST_P(RestTest, MessagesCountAgainstTheLimitOfTheChannel) {
  const auto ada_user = user("ada");
  const auto ada = token(ada_user), bob = token(user("bob"));
  const auto made = post("/api/v1/rooms", ada, obj("name", "engines"));
  const auto messages = made.header("location") + "/messages";
  const auto over_in_channel = [&] {
    return contexts().chat.over_rate(made.data()["id"].dump(), {std::to_string(ada_user.id), ada_user.id, "", {}},
                                     std::chrono::steady_clock::now());
  };
  for (int i = 0; i < 50; ++i) ASSERT_FALSE(over_in_channel());
  for (int i = 0; i < 10; ++i) ASSERT_EQ(post(messages, ada, obj("content", "x")).status, 201) << i;
  const auto refused = post(messages, ada, obj("content", "x"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.json, obj("errors", obj("detail", "Too Many Requests")));
  EXPECT_GT(std::stoi(refused.header("retry-after")), 0);
  EXPECT_LE(std::stoi(refused.header("retry-after")), 60);
  EXPECT_TRUE(over_in_channel());
  EXPECT_EQ(get(messages, ada).json["data"].size(), 10u);
  EXPECT_EQ(post(messages, bob, obj("content", "x")).status, 201);
  const auto elsewhere = post("/api/v1/rooms", ada, obj("name", "elsewhere")).header("location");
  EXPECT_EQ(post(elsewhere + "/messages", ada, obj("content", "x")).status, 201);
}

TEST_P(RestTest, GamesByRest) {
  const auto ada = token(user("ada")), bob = token(user("bob")), eve = token(user("eve"));
  const auto made = post("/api/v1/games", ada, obj());
  ASSERT_EQ(made.status, 201);
  EXPECT_FALSE(made.data()["player_token"].get<std::string>().empty());
  const auto game = made.header("location");
  EXPECT_EQ(post(game + "/players", bob, obj()).data()["game"]["status"], "playing");
  EXPECT_EQ(post(game + "/players", eve, obj()).json["errors"]["base"][0], "game_full");
  EXPECT_EQ(post(game + "/moves", bob, obj("move", 0)).status, 422);
  EXPECT_EQ(post(game + "/moves", ada, obj()).status, 400);
  EXPECT_EQ(post(game + "/moves", ada, obj("move", 4)).data()["board"][4], "X");
  EXPECT_EQ(get("/api/v1/games?status=playing", eve).json["data"].size(), 1u);
  EXPECT_EQ(del(game + "/players", eve).status, 422);
  EXPECT_EQ(del(game + "/players", bob).data()["winner"], "X");
  EXPECT_EQ(get(game, eve).data()["status"], "finished");
  EXPECT_EQ(get("/api/v1/games/4711", eve).status, 404);
}

TEST_P(RestTest, OrganizationsTeamsFriendsNotificationsOrders) {
  const auto ada_user = user("ada"), bob_user = user("bob");
  const auto ada = token(ada_user), bob = token(bob_user);
  const auto org = post("/api/v1/organizations", ada, obj("name", "Engines")).header("location");
  EXPECT_EQ(post("/api/v1/organizations", bob, obj("name", "Engines")).status, 422);
  EXPECT_EQ(get(org, bob).status, 404);
  EXPECT_EQ(post(org + "/members", ada, obj("user_id", bob_user.id)).data()["role"], "member");
  EXPECT_EQ(post(org + "/members", ada, obj("user_id", bob_user.id)).status, 422);
  EXPECT_EQ(get(org, bob).data()["name"], "Engines");
  EXPECT_EQ(get("/api/v1/organizations", bob).json["data"].size(), 1u);
  EXPECT_EQ(post(org + "/teams", bob, obj("name", "Cards")).status, 403);
  const auto team = post(org + "/teams", ada, obj("name", "Cards"));
  EXPECT_EQ(post(org + path("/teams/", team.data()["id"], "/members"), ada, obj("user_id", bob_user.id)).status, 201);
  EXPECT_EQ(post(org + path("/teams/", team.data()["id"], "/members"), ada, obj("user_id", 4711)).status, 422);
  EXPECT_EQ(get(org + "/teams", bob).json["data"].size(), 1u);

  EXPECT_EQ(post("/api/v1/notifications", ada, obj("user_id", bob_user.id, "message", "hi")).status, 403);
  EXPECT_EQ(post("/api/v1/friends", ada, obj("friend_id", bob_user.id)).status, 201);
  EXPECT_EQ(post("/api/v1/friends", bob, obj("friend_id", ada_user.id)).status, 201);
  EXPECT_EQ(post("/api/v1/friends", bob, obj("friend_id", bob_user.id)).status, 422);
  EXPECT_EQ(get("/api/v1/friends", ada).json["data"][0]["name"], "bob");
  const auto note = post("/api/v1/notifications", ada, obj("user_id", bob_user.id, "message", "hi"));
  ASSERT_EQ(note.status, 201) << note.json;
  EXPECT_EQ(get("/api/v1/notifications?unread=true", bob).json["data"].size(), 1u);
  EXPECT_EQ(request("PATCH", path("/api/v1/notifications/", note.data()["id"]), ada, obj()).status, 404);
  EXPECT_EQ(request("PATCH", path("/api/v1/notifications/", note.data()["id"]), bob, obj()).status, 200);
  EXPECT_EQ(get("/api/v1/notifications?unread=true", bob).json["data"].size(), 0u);

  const auto order = post("/api/v1/orders", ada, obj("item", "tea", "quantity", 3, "unit_price", 250));
  ASSERT_EQ(order.status, 201);
  EXPECT_EQ(order.data()["total"], 750);
  EXPECT_EQ(post("/api/v1/orders", ada, obj("item", "tea", "quantity", 0, "unit_price", 1)).status, 422);
  EXPECT_EQ(get(order.header("location"), bob).status, 404);
  EXPECT_EQ(get(order.header("location"), ada).data()["item"], "tea");
  EXPECT_EQ(get("/api/v1/orders", ada).json["data"].size(), 1u);
}

ON_BOTH_DATABASES(RestTest);

}  // namespace
}  // namespace phx::app
