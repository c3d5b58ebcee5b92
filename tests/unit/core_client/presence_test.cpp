// PR-01 .. PR-14. Spec client-semantics 3.9 N1 to N8, D-20; phoenix.js presence_test.js.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <phx/core/client/presence.hpp>

namespace phx::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

PresenceMeta meta(const std::string& ref) { return {ref, R"({"phx_ref":")" + ref + "\"}"}; }
Presence user(const std::string& key, const std::vector<std::string>& refs) {
  Presence p{.key = key, .metas = {}};
  for (const std::string& ref : refs) p.metas.push_back(meta(ref));
  return p;
}
std::string json(const Presence& p) {
  std::string text = '"' + p.key + R"(":{"metas":[)";
  for (std::size_t i = 0; i < p.metas.size(); ++i) text += (i == 0 ? "" : ",") + p.metas[i].json;
  return text + "]}";
}
std::string state_json(const std::vector<Presence>& all) {
  std::string text = "{";
  for (std::size_t i = 0; i < all.size(); ++i) text += (i == 0 ? "" : ",") + json(all[i]);
  return text + "}";
}
std::string diff_json(const std::vector<Presence>& joins, const std::vector<Presence>& leaves) {
  return R"({"joins":)" + state_json(joins) + R"(,"leaves":)" + state_json(leaves) + "}";
}
PresenceEffect joined(std::optional<Presence> current, Presence p) { return PresenceJoined{std::move(current), std::move(p)}; }
PresenceEffect left(Presence current, Presence p) { return PresenceLeft{std::move(current), std::move(p)}; }
std::vector<std::string> keys(const PresenceState& state) {
  std::vector<std::string> all;
  for (const Presence& p : state) all.push_back(p.key);
  return all;
}

const PresenceState fixture{user("u1", {"1"}), user("u2", {"2"}), user("u3", {"3"})};

// --- syncState ---

TEST(ClientPresence, PR_01_SyncStateLeavesItsArgumentAlone) {
  const PresenceState before{user("u1", {"1"})};
  const PresenceState copy = before;
  PresenceEffects out;
  EXPECT_EQ(sync_state(before, fixture, out), fixture);
  EXPECT_EQ(before, copy);
}

TEST(ClientPresence, PR_02_SyncStateTellsJoinsAndLeaves) {
  PresenceEffects out;
  EXPECT_EQ(sync_state({user("u4", {"4"})}, fixture, out), fixture);
  EXPECT_THAT(out, ElementsAre(joined(std::nullopt, user("u1", {"1"})), joined(std::nullopt, user("u2", {"2"})),
                               joined(std::nullopt, user("u3", {"3"})), left(user("u4", {}), user("u4", {"4"}))));
}

TEST(ClientPresence, PR_03_OnlyNewMetasAreAnnounced) {
  PresenceEffects out;
  const PresenceState result = sync_state({user("u3", {"3"})}, {user("u3", {"3", "3.new"})}, out);
  EXPECT_EQ(result, (PresenceState{user("u3", {"3", "3.new"})}));
  EXPECT_THAT(out, ElementsAre(joined(user("u3", {"3"}), user("u3", {"3.new"}))));
}

// --- syncDiff ---

TEST(ClientPresence, PR_04_SyncDiffOnAnEmptyState) {
  PresenceEffects out;
  EXPECT_EQ(sync_diff({}, {.joins = {user("u1", {"1"})}, .leaves = {}}, out), (PresenceState{user("u1", {"1"})}));
}

TEST(ClientPresence, PR_05_SyncDiffAddsAndRemoves) {
  PresenceEffects out;
  const PresenceState result = sync_diff(fixture, {.joins = {user("u1", {"1.2"})}, .leaves = {user("u2", {"2"})}}, out);
  EXPECT_EQ(result, (PresenceState{user("u1", {"1", "1.2"}), user("u3", {"3"})}));
}

TEST(ClientPresence, PR_06_ALeaveOfOneMetaKeepsTheKey) {
  PresenceEffects out;
  const PresenceState result = sync_diff({user("u1", {"1", "1.2"})}, {.joins = {}, .leaves = {user("u1", {"1"})}}, out);
  EXPECT_EQ(result, (PresenceState{user("u1", {"1.2"})}));
  EXPECT_THAT(out, ElementsAre(left(user("u1", {"1.2"}), user("u1", {"1"}))));
}

TEST(ClientPresence, PR_07_SyncStateWithOddKeys) {
  const PresenceState odd{user("constructor", {"1"}), user("__proto__", {"2"}), user("toString", {"3"}), user("", {"4"})};
  PresenceEffects out;
  EXPECT_EQ(sync_state({}, odd, out), odd);
  EXPECT_EQ(out.size(), 4u);
  EXPECT_EQ(sync_state(odd, {}, out), PresenceState{});
  EXPECT_EQ(out[4], left(user("constructor", {}), user("constructor", {"1"})));
}

TEST(ClientPresence, PR_08_SyncDiffWithOddKeys) {
  PresenceEffects out;
  const PresenceState odd{user("constructor", {"1"}), user("__proto__", {"2"})};
  EXPECT_EQ(sync_diff({}, {.joins = odd, .leaves = {}}, out), odd);
  EXPECT_EQ(sync_diff(odd, {.joins = {}, .leaves = odd}, out), PresenceState{});
}

TEST(ClientPresence, AnUnknownLeaveIsIgnored) {  // N5
  PresenceEffects out;
  EXPECT_EQ(sync_diff(fixture, {.joins = {}, .leaves = {user("u9", {"9"})}}, out), fixture);
  EXPECT_THAT(out, IsEmpty());
}

// --- list ---

TEST(ClientPresence, PR_09_ListGivesPresencesInOrder) {
  PresenceState state{user("b", {"1"}), user("a", {"2"})};
  state.put(user("c", {"3"}));
  state.put(user("b", {"4"}));
  EXPECT_THAT(keys(state), ElementsAre("b", "a", "c"));  // N8
}

TEST(ClientPresence, PR_10_ListCanBeMapped) {
  std::vector<std::string> firsts;
  for (const Presence& p : fixture) firsts.push_back(p.key + "=" + p.metas.front().phx_ref);
  EXPECT_THAT(firsts, ElementsAre("u1=1", "u2=2", "u3=3"));
}

// --- instance ---

constexpr Ref first_join{1};
constexpr Ref second_join{5};

TEST(ClientPresence, PR_11_StateThenDiff) {
  PresenceCore presence;
  PresenceEffects out;
  ASSERT_FALSE(presence.on_message("presence_state", state_json({user("u1", {"1"}), user("u2", {"2"})}), first_join, out));
  ASSERT_FALSE(presence.on_message("presence_diff", diff_json({}, {user("u1", {"1"})}), first_join, out));
  EXPECT_THAT(keys(presence.list()), ElementsAre("u2"));
  EXPECT_EQ(std::count(out.begin(), out.end(), PresenceEffect{PresenceSynced{}}), 2);
}

TEST(ClientPresence, PR_12_ADiffBeforeTheStateWaits) {
  PresenceCore presence;
  PresenceEffects out;
  ASSERT_FALSE(presence.on_message("presence_diff", diff_json({}, {user("u2", {"2"})}), first_join, out));
  EXPECT_THAT(out, IsEmpty());
  EXPECT_TRUE(presence.list().empty());
  EXPECT_EQ(presence.pending_diffs(), 1u);

  ASSERT_FALSE(presence.on_message("presence_state", state_json({user("u1", {"1"}), user("u2", {"2"})}), first_join, out));
  EXPECT_THAT(out, ElementsAre(joined(std::nullopt, user("u1", {"1"})), joined(std::nullopt, user("u2", {"2"})),
                               left(user("u2", {}), user("u2", {"2"})), PresenceEffect{PresenceSynced{}}));
  EXPECT_EQ(presence.pending_diffs(), 0u);

  out.clear();  // the channel rejoined
  EXPECT_TRUE(presence.pending(second_join));
  ASSERT_FALSE(presence.on_message("presence_diff", diff_json({}, {user("u1", {"1"})}), second_join, out));
  EXPECT_THAT(keys(presence.list()), ElementsAre("u1"));
  EXPECT_THAT(out, IsEmpty());

  ASSERT_FALSE(presence.on_message("presence_state", state_json({user("u1", {"1"}), user("u3", {"3"})}), second_join, out));
  EXPECT_THAT(keys(presence.list()), ElementsAre("u3"));
}

TEST(ClientPresence, PR_13_CustomEventNames) {
  PresenceCore presence({.state_event = "the_state", .diff_event = "the_diff"});
  PresenceEffects out;
  ASSERT_FALSE(presence.on_message("presence_state", state_json({user("u9", {"9"})}), first_join, out));
  EXPECT_TRUE(presence.list().empty());
  ASSERT_FALSE(presence.on_message("the_state", state_json({user("u1", {"1"})}), first_join, out));
  ASSERT_FALSE(presence.on_message("the_diff", diff_json({user("u2", {"2"})}, {}), first_join, out));
  EXPECT_THAT(keys(presence.list()), ElementsAre("u1", "u2"));
}

TEST(ClientPresence, PR_14_AnUpdateIsJoinThenLeave) {
  for (const bool update_event : {true, false}) {  // D-20
    PresenceCore presence({.update_event = update_event});
    PresenceEffects out;
    ASSERT_FALSE(presence.on_message("presence_state", state_json({user("u1", {"1"})}), first_join, out));
    out.clear();
    ASSERT_FALSE(presence.on_message("presence_diff", diff_json({user("u1", {"2"})}, {user("u1", {"1"})}), first_join, out));
    EXPECT_EQ(presence.list(), (PresenceState{user("u1", {"2"})}));
    PresenceEffects expected{joined(user("u1", {"1"}), user("u1", {"2"})), left(user("u1", {"2"}), user("u1", {"1"}))};
    if (update_event) expected.push_back(PresenceUpdated{user("u1", {"1"}), user("u1", {"2"})});
    expected.push_back(PresenceSynced{});
    EXPECT_EQ(out, expected);
  }
}

// --- limits: issue 4, point 8 ---

PresenceCore limited(PresenceLimits limits) { return PresenceCore({.limits = limits}); }
const std::error_code too_large = std::make_error_code(std::errc::no_buffer_space);

TEST(ClientPresence, TheTotalFollowsEveryChange) {
  PresenceState state{user("u1", {"1"})};
  const PresenceSize one = state.total();
  EXPECT_EQ(one, (PresenceSize{1, 1, std::string(R"(u1{}1{"phx_ref":"1"})").size()}));
  state.put(user("u1", {"1", "2"}));  // in its place
  EXPECT_EQ(state.total().users, 1u);
  EXPECT_EQ(state.total().metas, 2u);
  state.put(user("u2", {"3"}));
  EXPECT_EQ(PresenceState(state).total(), state.total());
  state.erase("u2"), state.erase("u9");
  state.put(user("u1", {"1"}));
  EXPECT_EQ(state.total(), one);
  state.clear();
  EXPECT_EQ(state.total(), PresenceSize{});
}

TEST(ClientPresence, AStateBeyondALimitIsRefusedAndTheListStays) {
  const std::string all = state_json({user("u1", {"1"}), user("u2", {"2", "2b"})});
  const PresenceSize size = parse_presence_state(all)->total();
  const auto any = PresenceLimits::none();
  for (const PresenceLimits& limits :
       {PresenceLimits{size.users - 1, any.max_metas, any.max_bytes}, PresenceLimits{any.max_users, size.metas - 1, any.max_bytes},
        PresenceLimits{any.max_users, any.max_metas, size.bytes - 1}}) {
    PresenceCore presence = limited(limits);
    PresenceEffects out;
    EXPECT_EQ(presence.on_message("presence_state", all, first_join, out), too_large);
    EXPECT_THAT(out, IsEmpty());
    EXPECT_TRUE(presence.list().empty());
    EXPECT_TRUE(presence.lost(first_join));
  }
  PresenceCore presence = limited({size.users, size.metas, size.bytes});
  PresenceEffects out;
  EXPECT_FALSE(presence.on_message("presence_state", all, first_join, out));
}

TEST(ClientPresence, ADiffBeyondALimitEndsFollowingUntilTheNextJoin) {
  PresenceCore presence = limited({.max_users = 2});
  PresenceEffects out;
  ASSERT_FALSE(presence.on_message("presence_state", state_json({user("u1", {"1"}), user("u2", {"2"})}), first_join, out));
  ASSERT_FALSE(presence.on_message("presence_diff", diff_json({user("u1", {"1b"})}, {}), first_join, out));  // no further user
  out.clear();
  EXPECT_EQ(presence.on_message("presence_diff", diff_json({user("u3", {"3"})}, {}), first_join, out), too_large);
  // Told once; nothing is believed that builds on what was missed, not even a state.
  EXPECT_FALSE(presence.on_message("presence_diff", diff_json({}, {user("u1", {"1", "1b"})}), first_join, out));
  EXPECT_FALSE(presence.on_message("presence_state", "{}", first_join, out));
  EXPECT_THAT(out, IsEmpty());
  EXPECT_THAT(keys(presence.list()), ElementsAre("u1", "u2"));

  EXPECT_FALSE(presence.lost(second_join));
  ASSERT_FALSE(presence.on_message("presence_state", state_json({user("u3", {"3"})}), second_join, out));
  EXPECT_THAT(keys(presence.list()), ElementsAre("u3"));
}

TEST(ClientPresence, DiffsThatWaitForAStateAreLimitedToo) {
  PresenceCore presence = limited({.max_metas = 10});
  PresenceEffects out;
  for (int n = 0; n < 1000; ++n) ASSERT_FALSE(presence.on_message("presence_diff", diff_json({}, {}), first_join, out));
  EXPECT_EQ(presence.pending_diffs(), 0u);
  for (int n = 0; n < 5; ++n)
    ASSERT_FALSE(presence.on_message("presence_diff", diff_json({user("u1", {"1"})}, {user("u2", {"2"})}), first_join, out));
  EXPECT_EQ(presence.pending_diffs(), 5u);
  EXPECT_EQ(presence.on_message("presence_diff", diff_json({}, {user("u1", {"1"})}), first_join, out), too_large);
  EXPECT_EQ(presence.pending_diffs(), 0u);
  // The state of that join may lack what was dropped.
  EXPECT_FALSE(presence.on_message("presence_state", state_json({user("u1", {"1"})}), first_join, out));
  EXPECT_TRUE(presence.list().empty());
}

TEST(ClientPresence, FieldsBesideMetasAreKept) {
  PresenceEffects out;
  const auto state = parse_presence_state(R"({"u1":{"user":{"name":"Ann"},"metas":[{"phx_ref":"1","at":7}]}})");
  ASSERT_TRUE(state);
  EXPECT_EQ(*state->find("u1"), (Presence{"u1", {{"1", R"({"phx_ref":"1","at":7})"}}, R"({"user":{"name":"Ann"}})"}));
}

TEST(ClientPresence, BadPayloadsChangeNothing) {
  PresenceCore presence;
  PresenceEffects out;
  EXPECT_EQ(presence.on_message("presence_state", "{", first_join, out), Errc::bad_json);
  for (const char* bad : {"[]", "7", R"({"u":1})", R"({"u":{"metas":[{}]}})", R"({"u":{"metas":1}})"})
    EXPECT_EQ(presence.on_message("presence_state", bad, first_join, out), Errc::bad_envelope) << bad;
  EXPECT_EQ(presence.on_message("presence_diff", R"({"joins":{}})", first_join, out), Errc::bad_envelope);
  EXPECT_TRUE(presence.pending(first_join));
  EXPECT_THAT(out, IsEmpty());
}

}  // namespace
}  // namespace phx::core
