// server.md 8.1 to 8.3; server-behaviours A10, B39.

#include <set>

#include "world.hpp"

namespace phx::server::test {
namespace {

/// Without phx_ref, which is never the same twice.
Json plain(Json value) {
  if (value.is_object()) value.erase("phx_ref");
  if (value.is_structured())
    for (auto& item : value) item = plain(item);
  return value;
}

Json payload_of(const std::string& frame) { return Json::parse(frame).at(4); }

struct PresenceTest : testing::Test {
  PresenceTest() {
    world.script.join = [](std::string_view, const Json&, Socket& s) -> JoinResult {
      s.send_self("after_join");
      return JoinOk{};
    };
    world.script.info = [this](const Info&, Socket& s) -> HandleResult {
      presence.track(s, "u1", obj("n", 1));
      s.push("presence_state", presence.list(s));
      return NoReply{};
    };
  }
  /// The channel of a client does something.
  void doing(Client& c, std::function<void(Socket&)> f) {
    world.script.in = [f](std::string_view, const Payload&, Socket& s) -> HandleResult {
      f(s);
      return NoReply{};
    };
    c.send(R"([null,null,"room:a","x",{}])");
  }
  World world{2};
  Presence presence{world.pubsub};
};

// 20, golden presence/join_alone: reply, own diff, own state, all with one phx_ref
TEST_F(PresenceTest, TheOwnDiffPrecedesTheOwnState) {
  Client c(world);
  const auto frames = c.ask(R"(["1","1","room:a","phx_join",{}])");
  ASSERT_EQ(frames.size(), 3U);
  const Json diff = payload_of(frames[1]), state = payload_of(frames[2]);
  EXPECT_EQ(diff, obj("joins", state, "leaves", Json::object()));
  EXPECT_EQ(plain(state), Json::parse(R"({"u1":{"metas":[{"n":1}]}})"));
  EXPECT_EQ(state["u1"]["metas"][0]["phx_ref"].get<std::string>().size(), 16U);
}

// 8.2: members on other shards get the diff too
TEST_F(PresenceTest, DiffsReachAllShards) {
  Client a(world, 0), b(world, 1);
  a.join();
  b.join();
  const auto seen = a.frames();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(plain(payload_of(seen[0])), Json::parse(R"({"joins":{"u1":{"metas":[{"n":1}]}},"leaves":{}})"));
  EXPECT_EQ(presence.list("room:a")["u1"]["metas"].size(), 2U);
}

// A10.157, 8.1: death gives one diff with all leaves of the topic
TEST_F(PresenceTest, DeathLeavesOnceForAllKeys) {
  Client a(world), b(world, 1);
  a.join();
  b.join();
  doing(b, [&](Socket& s) { presence.track(s, "u2", obj("n", 2)); });
  a.frames();
  b.hang_up();
  const auto seen = a.frames();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(plain(payload_of(seen[0])), Json::parse(R"({"joins":{},"leaves":{"u1":{"metas":[{"n":1}]},"u2":{"metas":[{"n":2}]}}})"));
  EXPECT_EQ(presence.list("room:a")["u1"]["metas"].size(), 1U);
}

// A10.162, 19.17, golden presence/update
TEST_F(PresenceTest, AnUpdateIsOneDiffWithPrev) {
  Client c(world);
  c.join();
  const Json old = presence.list("room:a")["u1"]["metas"][0];
  doing(c, [&](Socket& s) {
    presence.update(s, "u1", [](const Json& meta) {
      Json changed = meta;
      changed["n"] = 9;
      return changed;
    });
  });
  const auto seen = c.frames();
  ASSERT_EQ(seen.size(), 1U);
  const Json diff = payload_of(seen[0]), now = presence.list("room:a")["u1"]["metas"][0];
  EXPECT_EQ(diff["leaves"]["u1"]["metas"], Json::array({old}));
  EXPECT_EQ(diff["joins"]["u1"]["metas"], Json::array({now}));
  EXPECT_EQ(now["phx_ref_prev"], old["phx_ref"]);
  EXPECT_EQ(now["n"], 9);
}

// A10.160, 161, 163; A14.208
TEST_F(PresenceTest, TrackUntrackAndUpdateTellWhatIsWrong) {
  Client c(world);
  c.join();
  doing(c, [&](Socket& s) {
    EXPECT_EQ(presence.track(s, "u1", Json::object()).error, TrackError::already_tracked);
    EXPECT_EQ(presence.update(s, "nobody", Json::object()).error, TrackError::nopresence);
    presence.untrack(s, "nobody");
    presence.untrack(s, "u1");
  });
  const auto seen = c.frames();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(plain(payload_of(seen[0])), Json::parse(R"({"joins":{},"leaves":{"u1":{"metas":[{"n":1}]}}})"));
  EXPECT_EQ(presence.list("room:a"), Json::object());
}

// A10.155
TEST_F(PresenceTest, GetByKey) {
  const ActorId a = Presence::new_actor(), b = Presence::new_actor();
  presence.track(a, "t", "k", obj("n", 1));
  presence.track(b, "t", "k", obj("n", 2));
  EXPECT_EQ(plain(presence.get_by_key("t", "k")), Json::parse(R"({"metas":[{"n":1},{"n":2}]})"));
  EXPECT_EQ(presence.get_by_key("t", "x"), Json::array());
  EXPECT_EQ(presence.get_by_key("x", "k"), Json::array());
  presence.untrack(a);
  presence.untrack(b, "t", "k");
  EXPECT_EQ(presence.list("t"), Json::object());
}

// 8.3; A10.158
TEST_F(PresenceTest, FetchAddsFieldsToListsAndDiffs) {
  Presence named(world.pubsub, {.fetch =
                                    [](std::string_view topic, Json entries) {
                                      for (auto& entry : entries) entry["from"] = std::string(topic);
                                      return entries;
                                    },
                                .handle_metas = {}});
  Client c(world);
  c.join();
  doing(c, [&](Socket& s) { named.track(s, "u2", Json::object()); });
  const auto seen = c.frames();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(payload_of(seen[0])["joins"]["u2"]["from"], "room:a");
  EXPECT_EQ(named.get_by_key("room:a", "u2")["from"], "room:a");
}

// 8.3; A10.165: the view collects metas per key and drops keys, then the topic
TEST_F(PresenceTest, HandleMetasSeesTheViewAfterEachDiff) {
  std::vector<Json> views;
  Presence watched(world.pubsub,
                   {.fetch = {}, .handle_metas = [&](std::string_view, const Json&, const Json& now) { views.push_back(plain(now)); }});
  const ActorId a = Presence::new_actor(), b = Presence::new_actor();
  watched.track(a, "t", "k", obj("n", 1));
  watched.track(b, "t", "k", obj("n", 2));
  watched.untrack(a);
  watched.untrack(b);
  world.run();
  EXPECT_THAT(views, ElementsAre(Json::parse(R"({"k":[{"n":1}]})"), Json::parse(R"({"k":[{"n":1},{"n":2}]})"),
                                 Json::parse(R"({"k":[{"n":2}]})"), Json::object()));
}

// A throwing hook loses its diff, not the ones after it.
TEST_F(PresenceTest, AThrowingHookIsLoggedAndDoesNotStopTheFeed) {
  Recorder recorder;
  world.pubsub.use(recorder);
  bool broken = true;
  Presence odd(world.pubsub, {.fetch =
                                  [&](std::string_view, Json entries) {
                                    if (broken) throw std::runtime_error("fetch");
                                    return entries;
                                  },
                              .handle_metas = {}});
  Client c(world);
  c.join();
  doing(c, [&](Socket& s) { odd.track(s, "u2", Json::object()); });
  broken = false;
  doing(c, [&](Socket& s) { odd.track(s, "u3", Json::object()); });
  EXPECT_THAT(c.frames(), ElementsAre(testing::HasSubstr("u3")));
  EXPECT_THAT(recorder.events, ElementsAre("presence_diff not delivered"));
}

// 8.2: 16 characters of base64url, unique also when the clock stands still
TEST(LocalTrackerTest, RefsAreUnique) {
  const auto tracker = make_local_tracker("n", [] { return std::uint64_t{1'700'000'000'000'000'000}; });
  std::set<std::string> refs;
  for (ActorId actor = 1; actor <= 1000; ++actor) {
    const auto result = tracker->track(actor, "t", "k", Json::object());
    EXPECT_EQ(result.phx_ref.size(), 16U);
    EXPECT_EQ(result.phx_ref.find_first_of("+/="), std::string::npos);
    refs.insert(result.phx_ref);
  }
  EXPECT_EQ(refs.size(), 1000U);
}

}  // namespace
}  // namespace phx::server::test
