// The attack list of the application: what the plugs refuse by themselves is in unit/server_plugs/attack_test.cpp.
#include <phx/core/etf_json.hpp>

#include <mutex>

#include "unit/app/app_case.hpp"

namespace {

/// What Argon2 was asked to verify, by its cost: "$argon2id$v=19$m=64,t=1,p=1". The linker sends the application's calls here (CMakeLists.txt).
struct VerifiedHashes {
  std::mutex mutex;
  std::vector<std::string> costs;
};
VerifiedHashes verified_hashes;

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): the names that the linker's --wrap asks for
extern "C" int __real_argon2id_verify(const char* encoded, const void* password, std::size_t size);
extern "C" int __wrap_argon2id_verify(const char* encoded, const void* password, std::size_t size);
extern "C" int __wrap_argon2id_verify(const char* encoded, const void* password, std::size_t size) {
  const std::string_view text(encoded);
  {
    const std::lock_guard lock(verified_hashes.mutex);
    verified_hashes.costs.emplace_back(text.substr(0, text.find('$', text.find("$m=") + 1)));
  }
  return __real_argon2id_verify(encoded, password, size);
}
// NOLINTEND(bugprone-reserved-identifier)

namespace phx::app {
namespace {

struct AttackTest : RestCase {
  AttackTest() : RestCase({"https://app.example"}) {}
  Answer login(const server::HeaderList& headers = {}, bool cookie = true) {
    return request("POST", "/api/v1/sessions", "", obj("email", "ada@example.org", "password", good_password, "cookie", cookie), headers);
  }
  static std::string cookie_of(const Answer& answer) {
    const auto text = answer.header("set-cookie");
    return text.substr(0, text.find(';'));
  }
};

TEST_P(AttackTest, ForgedTruncatedForeignAndExpiredTokens) {
  const auto ada = user("ada");
  const auto good = token(ada);
  std::string forged = good;
  forged[forged.size() / 2] ^= 1;
  const core::KeyGenerator other("another secret of 64 bytes and more: 0123456789abcdefghijklmnopqrstuvwxyz");
  const core::KeyGenerator own(options.secret_key_base);
  const auto data = core::etf::from_json(obj("user_id", ada.id, "session_id", 1)).value();
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  for (const auto& bad : {forged, good.substr(0, good.size() / 2), good + "x", core::sign_token(other, "user auth", data, now),
                          core::sign_token(own, "user auth", data, now - 25h), core::sign_token(own, "user socket", data, now),
                          contexts().credentials.player_token(1, ada.id)})
    EXPECT_EQ(get("/api/v1/me", bad).status, 401) << bad;
  EXPECT_EQ(get("/api/v1/me", core::sign_token(own, "user auth", data, now - 23h)).status, 200);
}

TEST_P(AttackTest, SqlInEveryStringField) {
  const auto bearer = token(user("ada"));
  const std::string evil = "x'; DROP TABLE users; --";
  EXPECT_EQ(post("/api/v1/rooms", bearer, obj("name", evil, "topic", evil)).data()["name"], evil);
  EXPECT_EQ(post("/api/v1/orders", bearer, obj("item", evil, "quantity", 1, "unit_price", 1)).data()["item"], evil);
  EXPECT_EQ(post("/api/v1/organizations", bearer, obj("name", evil)).data()["name"], evil);
  const auto room = post("/api/v1/rooms", bearer, obj("name", "r")).header("location");
  EXPECT_EQ(post(room + "/messages", bearer, obj("content", evil)).data()["content"], evil);
  EXPECT_EQ(request("PATCH", "/api/v1/users/1", bearer, obj("name", evil, "avatar", evil)).data()["name"], evil);
  EXPECT_EQ(post("/api/v1/sessions", "", obj("email", "' OR '1'='1", "password", good_password)).status, 401);
  for (const char* list : {"/api/v1/users?name=%27%20OR%201=1--", "/api/v1/games?status=%27%20OR%201=1--", "/api/v1/rooms?name=%27;--"})
    EXPECT_EQ(get(list, bearer).status, 200) << list;
  EXPECT_EQ(get("/api/v1/users?after=%27%20OR%201=1", bearer).status, 400);
  EXPECT_EQ(get("/api/v1/users/1%20OR%201=1", bearer).status, 404);
  EXPECT_EQ(contexts().accounts.count_users(), 1);
}

TEST_P(AttackTest, SqlInRegistrationTeamsAndNotifications) {
  const std::string evil = "x'); DELETE FROM users; --";
  const auto eve =
      post("/api/v1/users", "", obj("email", "o'\"--@example.org", "name", evil, "avatar", evil, "password", "'); DROP TABLE users; --"));
  ASSERT_EQ(eve.status, 201) << eve.json;
  EXPECT_EQ(eve.data()["name"], evil);
  const auto login = post("/api/v1/sessions", "", obj("email", "o'\"--@example.org", "password", "'); DROP TABLE users; --"));
  ASSERT_EQ(login.status, 201) << login.json;
  const auto bearer = login.data()["token"].get<std::string>();
  const auto ada = user("ada");
  const auto org = post("/api/v1/organizations", bearer, obj("name", "o")).header("location");
  EXPECT_EQ(post(org + "/teams", bearer, obj("name", evil)).data()["name"], evil);
  EXPECT_EQ(post("/api/v1/friends", bearer, obj("friend_id", ada.id)).status, 201);
  EXPECT_EQ(post("/api/v1/friends", token(ada), obj("friend_id", eve.data()["id"])).status, 201);
  EXPECT_EQ(post("/api/v1/notifications", bearer, obj("user_id", ada.id, "message", evil)).data()["message"], evil);
  EXPECT_EQ(get("/api/v1/notifications?unread=%27%20OR%201=1", token(ada)).status, 200);
  EXPECT_EQ(contexts().accounts.count_users(), 2);
}

// Nobody gives himself a role (accounts_test) or what belongs to others.
TEST_P(AttackTest, MassAssignment) {
  const auto ada = user("ada"), bob = user("bob");
  const auto bearer = token(bob);
  undocumented = {"id", "owner_id", "user_id", "inserted_at", "role"};
  const Json more = obj("id", 4711, "owner_id", ada.id, "user_id", ada.id, "inserted_at", "2001-01-01T00:00:00Z", "role", "admin");
  const auto with = [&](Json fields) {
    fields.update(more);
    return fields;
  };
  const auto room = post("/api/v1/rooms", bearer, with(obj("name", "mine")));
  EXPECT_EQ(room.data()["owner_id"], bob.id);
  EXPECT_NE(room.data()["id"], 4711);
  EXPECT_FALSE(room.data()["inserted_at"].get<std::string>().starts_with("2001"));
  EXPECT_EQ(request("PATCH", room.header("location"), bearer, with(obj("topic", "t"))).data()["owner_id"], bob.id);
  undocumented.insert({"author", "name", "total"});
  const auto said = post(room.header("location") + "/messages", bearer, with(obj("content", "x", "author", "ada", "name", "ada")));
  EXPECT_EQ(said.data()["user"]["id"], bob.id) << said.json;
  const auto order = post("/api/v1/orders", bearer, with(obj("item", "tea", "quantity", 2, "unit_price", 100, "total", 1)));
  EXPECT_EQ(order.data()["total"], 200);
  EXPECT_EQ(get("/api/v1/orders", token(ada)).json["data"].size(), 0u);
  EXPECT_EQ(request("PATCH", "/api/v1/users/" + std::to_string(bob.id), bearer, with(obj("name", "Bob"))).data()["role"], "user");
}

// Ids are easy to guess: what is not one's own is not there.
TEST_P(AttackTest, ThingsOfOthersAreNotFound) {
  const auto ada = token(user("ada")), bob = token(user("bob"));
  const auto room = post("/api/v1/rooms", ada, obj("name", "secret", "private", true)).header("location");
  const auto said = post(room + "/messages", ada, obj("content", "x")).header("location");
  const auto order = post("/api/v1/orders", ada, obj("item", "x", "quantity", 1, "unit_price", 1)).header("location");
  const auto org = post("/api/v1/organizations", ada, obj("name", "o")).header("location");
  for (const auto& place : {room, room + "/messages", said, order, org, org + "/teams"}) EXPECT_EQ(get(place, bob).status, 404) << place;
  EXPECT_EQ(post(room + "/messages", bob, obj("content", "x")).status, 404);
  EXPECT_EQ(post(room + "/members", bob, obj()).status, 404);
  EXPECT_EQ(request("PATCH", room, bob, obj("private", false)).status, 404);
  for (const auto& place : {room, said}) EXPECT_EQ(del(place, bob).status, 404) << place;
  const auto session = post("/api/v1/sessions", "", obj("email", "ada@example.org", "password", good_password)).header("location");
  EXPECT_EQ(get(session, bob).status, 404);
  EXPECT_EQ(del(session, bob).status, 404);
  EXPECT_EQ(get(room, ada).status, 200);
}

TEST_P(AttackTest, WrongTypesAreRefusedNeverCrash) {
  const auto bearer = token(user("ada"));
  for (const Json& bad : {Json(7), Json(true), Json::array({1}), obj("a", 1), Json(1e300), Json(std::string("nul\0", 4))}) {
    EXPECT_EQ(post("/api/v1/rooms", bearer, obj("name", bad)).status, 422) << bad;
    EXPECT_THAT(post("/api/v1/sessions", "", obj("email", bad, "password", "x")).status, testing::AnyOf(400, 401)) << bad;
    EXPECT_EQ(post("/api/v1/friends", bearer, obj("friend_id", bad)).status, 422) << bad;
  }
  EXPECT_EQ(post("/api/v1/orders", bearer, obj("item", "x", "quantity", 1e300, "unit_price", 1)).status, 422);
  EXPECT_EQ(post("/api/v1/friends", bearer, obj("friend_id", INT64_MAX)).status, 422);
}

TEST_P(AttackTest, ACookieLoginNeedsItsCsrfToken) {
  user("ada");
  const auto answer = login();
  ASSERT_EQ(answer.status, 201);
  const auto cookie = cookie_of(answer);
  ASSERT_NE(cookie, "");
  EXPECT_NE(answer.header("set-cookie").find("HttpOnly"), std::string::npos);
  EXPECT_NE(answer.header("set-cookie").find("SameSite=Lax"), std::string::npos);
  EXPECT_EQ(request("GET", "/api/v1/me", "", Json(), {{"cookie", cookie}}).data()["email"], "ada@example.org");
  EXPECT_EQ(request("POST", "/api/v1/games", "", obj(), {{"cookie", cookie}}).status, 403);
  EXPECT_EQ(request("POST", "/api/v1/games", "", obj(), {{"cookie", cookie}, {"x-csrf-token", "nonsense"}}).status, 403);
  const auto csrf = answer.data()["csrf_token"].get<std::string>();
  EXPECT_EQ(request("POST", "/api/v1/games", "", obj(), {{"cookie", cookie}, {"x-csrf-token", csrf}}).status, 201);
  EXPECT_EQ(request("DELETE", "/api/v1/sessions", "", Json(), {{"cookie", cookie}, {"x-csrf-token", csrf}}).status, 204);
  EXPECT_EQ(request("GET", "/api/v1/me", "", Json(), {{"cookie", cookie}}).status, 401);
  EXPECT_EQ(login({}, false).header("set-cookie"), "");
}

TEST_P(AttackTest, GuessingAPasswordIsSlowedDown) {
  user("ada");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(post("/api/v1/sessions", "", obj("email", "ada@example.org", "password", "guess")).status, 401);
  const auto answer = post("/api/v1/sessions", "", obj("email", "ada@example.org", "password", good_password));
  EXPECT_EQ(answer.status, 429);
  EXPECT_NE(answer.header("retry-after"), "");
  EXPECT_EQ(post("/api/v1/sessions", "", obj("email", "bob@example.org", "password", "guess")).status, 401);
}

// Addresses are compared without case, so their spelling must not give more guesses.
TEST_P(AttackTest, AnotherSpellingOfAnAddressGivesNoMoreGuesses) {
  user("ada");
  std::string email = "ada@example.org";
  for (std::size_t i = 0; i < 10; ++i) {
    email[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(email[i])));
    EXPECT_EQ(post("/api/v1/sessions", "", obj("email", email, "password", "guess")).status, 401);
  }
  EXPECT_EQ(post("/api/v1/sessions", "", obj("email", "ada@example.org", "password", good_password)).status, 429);
}

TEST_P(AttackTest, OversizedAndBrokenRequests) {
  const auto send = [&](const std::string& body) {
    return raw("POST /api/v1/users HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body)
        .substr(9, 3);
  };
  EXPECT_EQ(send("{"), "400");
  EXPECT_EQ(send("[1]"), "422");
  EXPECT_EQ(send(std::string(200, '[') + std::string(200, ']')), "400");
  EXPECT_EQ(send("{\"name\":\"" + std::string(1'100'000, 'x') + "\"}"), "413");
  EXPECT_EQ(raw("GET /api/v1/me HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer " + std::string(20'000, 'x') + "\r\n\r\n")
                .substr(9, 3),
            "431");
  EXPECT_EQ(raw("GET /api/v1/../../etc/passwd HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").substr(9, 3), "404");
}

// Issue 5, CORS from a foreign origin: beside one that is listed, or the test could not fail.
TEST_P(AttackTest, ForeignOriginsGetNoPermission) {
  const auto allowed = [&](const std::string& origin) {
    return request("GET", "/api/v1/ping", "", Json(), {{"origin", origin}}).header("access-control-allow-origin");
  };
  EXPECT_EQ(allowed("https://app.example"), "https://app.example");
  const auto preflight = [&](const std::string& origin) {
    return raw("OPTIONS /api/v1/users HTTP/1.1\r\nhost: x\r\nconnection: close\r\norigin: " + origin +
               "\r\naccess-control-request-method: POST\r\n\r\n");
  };
  const auto good = preflight("https://app.example");
  EXPECT_EQ(good.substr(9, 3), "204");
  EXPECT_NE(good.find("access-control-allow-origin: https://app.example\r\n"), std::string::npos) << good;
  for (const char* foreign :
       {"https://evil.example", "http://app.example", "https://app.example.evil.example", "https://app.example:8443", "null"}) {
    EXPECT_EQ(allowed(foreign), "") << foreign;
    const auto bad = preflight(foreign);
    EXPECT_EQ(bad.substr(9, 3), "403") << foreign;
    EXPECT_EQ(bad.find("access-control-allow"), std::string::npos) << bad;
  }
}

// What comes back in a header is checked where it is set (server_plugs/attack_test); here: nothing of a request gets there raw.
TEST_P(AttackTest, NothingOfARequestBecomesAHeader) {
  const auto bearer = token(user("ada"));
  const std::string evil = "x\r\nset-cookie: evil=1";
  const auto room = post("/api/v1/rooms", bearer, obj("name", evil));
  EXPECT_EQ(room.header("set-cookie"), "");
  EXPECT_EQ(get("/api/v1/rooms?name=x%0d%0aset-cookie:%20evil=1", bearer).header("set-cookie"), "");
  const auto raw_answer =
      raw("GET /api/v1/ping%0d%0aset-cookie:%20evil=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: " + std::string(19, 'a') +
          "%0d%0aset-cookie: evil=1\r\n\r\n");
  EXPECT_EQ(raw_answer.find("\nset-cookie"), std::string::npos) << raw_answer;
}

// Issue 5, timing of unknown users at login: whoever asks, one hash of the same cost is all the work.
TEST_P(AttackTest, EveryLoginCostsOneHash) {
  const auto ada = user("ada"), bob = user("bob"), root = admin("root");
  ASSERT_TRUE(contexts().accounts.ban_user(root.id, bob.id));
  const auto cost = [&](const char* email, const char* password, int status) {
    verified_hashes.costs.clear();  // nobody else logs in
    EXPECT_EQ(post("/api/v1/sessions", "", obj("email", email, "password", password)).status, status) << email;
    return std::exchange(verified_hashes.costs, {});
  };
  const auto once = testing::ElementsAre("$argon2id$v=19$m=64,t=1,p=1");
  EXPECT_THAT(cost("ada@example.org", good_password, 201), once);
  EXPECT_THAT(cost("ada@example.org", "wrong horse battery", 401), once);
  EXPECT_THAT(cost("nobody@example.org", good_password, 401), once);
  EXPECT_THAT(cost("bob@example.org", good_password, 401), once) << "banned";
  EXPECT_THAT(cost("bob@example.org", "wrong horse battery", 401), once);
}

/// Unknown addresses cost the same hash as known ones; the best of five, and a factor of three, so that a busy machine fails nothing.
TEST(LoginTiming, NobodyIsVerifiedAtTheSameCost) {
  const Passwords passwords({.memory_kib = 4096, .passes = 3});
  const auto hash = passwords.hash("secret");
  const auto time = [](const auto& f) {
    auto best = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 5; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      f();
      best = std::min(best, std::chrono::steady_clock::now() - begin);
    }
    return best;
  };
  const auto known = time([&] { EXPECT_FALSE(passwords.verify("wrong", hash)); });
  const auto nobody = time([&] { passwords.verify_nobody("wrong"); });
  EXPECT_GT(nobody * 3, known);
  EXPECT_GT(known * 3, nobody);
}

ON_BOTH_DATABASES(AttackTest);

}  // namespace
}  // namespace phx::app
