// Fleets of load generators on virtual time: issue 7, point 8 (common start, one clock with measured offset, a member that dies is reported).
#include <gtest/gtest.h>

#include <phx/core/json.hpp>
#include <phx/load/fleet_core.hpp>

#include <deque>

namespace {

using namespace phx;
using namespace phx::load;
using namespace std::chrono_literals;

/// Members with clocks of their own on a bus with a delay; what each was told to do is kept.
class Fleet {
 public:
  struct Member {
    std::unique_ptr<FleetCore> core;
    Duration clock{};            // its own clock minus the true one
    Duration in{1ms}, out{1ms};  // way to it, way from it
    bool dead = false;
    std::vector<FleetEffect> did;

    template <class T>
    std::vector<T> all() const {
      std::vector<T> found;
      for (const auto& one : did)
        if (const auto* effect = std::get_if<T>(&one)) found.push_back(*effect);
      return found;
    }
  };

  Fleet() = default;
  /// One that has begun: all have found each other and are on their way.
  Fleet(std::initializer_list<const char*> ids) {
    for (const char* id : ids) add(id, static_cast<std::uint32_t>(ids.size()));
    run(3s);
  }

  Member& add(const std::string& id, std::uint32_t members, Duration clock = 0s, const std::string& plan = "p") {
    Member& m = members_[id];
    m.clock = clock;
    m.core =
        std::make_unique<FleetCore>(FleetOptions{.id = id, .host = "host-" + id, .plan = plan, .members = members, .run = 7}, now_ + clock);
    return m;
  }
  Member& operator[](const std::string& id) { return members_.at(id); }

  void run(Duration length) {
    const Instant end = now_ + length;
    while (true) {
      Instant next = end;
      for (auto& [id, m] : members_)
        if (const auto due = m.core->next_deadline(); due && !m.dead) next = std::min(next, std::max(now_, *due - m.clock));
      if (!wire_.empty()) next = std::min(next, wire_.begin()->first);
      now_ = next;
      if (now_ >= end) return;
      step();
    }
  }

  /// What a member decides by itself.
  void act(const std::string& id, const std::function<void(FleetCore&, FleetEffects&)>& what) {
    FleetEffects out;
    what(*members_.at(id).core, out);
    perform(members_.at(id), out);
  }

  std::function<bool(const std::string& message)> loses = [](const std::string&) { return false; };
  Instant now() const { return now_; }
  void say(const std::string& message) {
    for (auto& [id, m] : members_) wire_.emplace(now_ + m.in, std::pair(id, message));
  }

 private:
  void step() {
    FleetEffects out;
    while (!wire_.empty() && wire_.begin()->first <= now_) {
      const auto [to, message] = wire_.begin()->second;
      wire_.erase(wire_.begin());
      Member& m = members_.at(to);
      if (m.dead) continue;
      out.clear();
      m.core->on_message(message, now_ + m.clock, now_ + m.clock, out);
      perform(m, out);
    }
    for (auto& [id, m] : members_) {
      if (m.dead) continue;
      out.clear();
      if (const auto due = m.core->next_deadline(); due && *due <= now_ + m.clock) m.core->on_deadline(now_ + m.clock, out);
      perform(m, out);
    }
  }

  void perform(Member& m, const FleetEffects& effects) {
    for (const auto& effect : effects) {
      const auto* send = std::get_if<FleetSend>(&effect);
      if (send == nullptr) {
        m.did.push_back(effect);
        continue;
      }
      if (loses(send->message)) continue;
      for (auto& [id, to] : members_)
        if (send->to.empty() || send->to == id) wire_.emplace(now_ + m.out + to.in, std::pair(id, send->message));
    }
  }

  Instant now_{1h};
  std::map<std::string, Member> members_;
  std::multimap<Instant, std::pair<std::string, std::string>> wire_;  // equal instants keep their order
};

std::int64_t ns(Duration d) { return d / 1ns; }

TEST(FleetCore, ThreeMembersFindEachOtherAndStartAtOneInstant) {
  Fleet fleet;
  fleet.add("b", 3, 5s);
  fleet.run(300ms);
  fleet.add("c", 3, -2000s);
  fleet.add("a", 3, 17h);
  fleet.run(3s);
  const auto a = fleet["a"].all<FleetBegin>(), b = fleet["b"].all<FleetBegin>(), c = fleet["c"].all<FleetBegin>();
  ASSERT_EQ(std::vector({a.size(), b.size(), c.size()}), (std::vector<std::size_t>{1, 1, 1}));
  EXPECT_TRUE(a[0].coordinator);
  EXPECT_EQ(std::vector({a[0].segment, b[0].segment, c[0].segment}), (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(std::vector({a[0].run, b[0].run, c[0].run}), (std::vector<std::uint32_t>{7, 7, 7}));
  EXPECT_EQ(b[0].start_ns, a[0].start_ns);
  EXPECT_EQ(c[0].start_ns, a[0].start_ns);
  EXPECT_EQ(b[0].offset.ns, ns(17h - 5s));  // the ways there and back are equal here
  EXPECT_EQ(c[0].offset.ns, ns(17h + 2000s));
}

/// The error that is told bounds the error there is, however unlike the two ways are.
TEST(FleetCore, TheOffsetIsAsWrongAsItSaysAtMost) {
  Fleet fleet;
  fleet.add("a", 2);
  auto& b = fleet.add("b", 2, 100s);
  b.in = 40ms;
  fleet.run(5s);
  const auto begin = b.all<FleetBegin>();
  ASSERT_EQ(begin.size(), 1u);
  EXPECT_NE(begin[0].offset.ns, ns(-100s));
  EXPECT_LE(std::abs(begin[0].offset.ns - ns(-100s)), begin[0].offset.error_ns);
  EXPECT_LE(begin[0].offset.error_ns, ns(23ms));
  EXPECT_EQ(fleet["a"].core->members()[1].at_start, begin[0].offset);
}

TEST(FleetCore, AClockThatDriftsIsMeasuredAgain) {
  Fleet fleet{"a", "b"};
  auto& b = fleet["b"];
  b.clock = 1ms;
  fleet.run(30s);
  const auto& seen = fleet["a"].core->members()[1];
  EXPECT_EQ(seen.at_start.ns, 0);
  EXPECT_EQ(seen.now.ns, ns(-1ms));
}

TEST(FleetCore, AMemberThatSaysHelloTwiceIsOne) {
  Fleet fleet;
  fleet.add("a", 3);
  fleet.add("b", 3);
  fleet.run(10s);
  EXPECT_EQ(fleet["a"].core->gathered(), 2u);
  EXPECT_TRUE(fleet["a"].did.empty());
}

TEST(FleetCore, AnIncompleteFleetGivesUp) {
  Fleet fleet;
  fleet.add("a", 3);
  fleet.add("b", 3);
  fleet.run(61s);
  for (const char* id : {"a", "b"})
    EXPECT_EQ(fleet[id].all<FleetFailed>(), (std::vector{FleetFailed{FleetFailure::timed_out, "only 2 of 3 members came"}})) << id;
}

TEST(FleetCore, WhoLeavesWhileOthersGatherIsNotWaitedFor) {
  Fleet fleet;
  fleet.add("a", 3);
  fleet.add("b", 3).dead = true;
  fleet["b"].dead = false;
  fleet.run(500ms);
  fleet["b"].dead = true;
  fleet.run(2s);
  fleet.add("c", 3);
  fleet.run(5s);
  EXPECT_TRUE(fleet["a"].all<FleetBegin>().empty());
  fleet.add("d", 3);
  fleet.run(5s);
  EXPECT_EQ(fleet["a"].all<FleetBegin>().size(), 1u);
  EXPECT_EQ(fleet["d"].all<FleetBegin>().at(0).segment, 3u);
}

TEST(FleetCore, WhoComesLateIsRefusedAndTheFleetGoesOn) {
  Fleet fleet{"m", "n"};
  for (const char* late : {"a", "z"}) {
    fleet.add(late, 2);
    fleet.run(1s);
    EXPECT_EQ(fleet[late].all<FleetFailed>(), (std::vector{FleetFailed{FleetFailure::refused, "the fleet has its 2 members already"}}));
  }
  fleet.run(20s);
  EXPECT_EQ(fleet["m"].did.size(), 1u);  // the beginning
  EXPECT_EQ(fleet["n"].did.size(), 1u);
}

TEST(FleetCore, OneTooManyIsToldSo) {
  Fleet fleet;
  for (const char* id : {"a", "b", "c"}) fleet.add(id, 2);
  fleet.run(3s);
  EXPECT_EQ(fleet["b"].all<FleetBegin>().size(), 1u);
  EXPECT_EQ(fleet["c"].all<FleetFailed>().at(0).why, FleetFailure::refused);
}

TEST(FleetCore, AnotherPlanIsNoMember) {
  Fleet fleet;
  fleet.add("a", 2);
  fleet.add("b", 2, 0s, "another");
  fleet.run(1s);
  EXPECT_EQ(fleet["b"].all<FleetFailed>().at(0).why, FleetFailure::other_plan);
  EXPECT_NE(fleet["b"].all<FleetFailed>().at(0).text.find("host-a"), std::string::npos);
  fleet.add("c", 2);
  fleet.run(3s);
  EXPECT_EQ(fleet["c"].all<FleetBegin>().size(), 1u);
}

TEST(FleetCore, AMemberThatDiesIsToldOnceAndTheOthersGoOn) {
  Fleet fleet{"a", "b", "c"};
  fleet["b"].dead = true;
  fleet.run(4s);
  EXPECT_TRUE(fleet["a"].all<FleetLost>().empty());
  fleet.run(20s);
  EXPECT_EQ(fleet["a"].all<FleetLost>(), std::vector{FleetLost{2}});
  EXPECT_EQ(fleet["c"].did.size(), 1u);
}

TEST(FleetCore, ADeathBeforeTheStartEndsTheFleet) {
  Fleet fleet;
  fleet.loses = [](const std::string& message) { return message.find("\"ping\"") != std::string::npos; };
  fleet.add("a", 2);
  fleet.add("b", 2);
  fleet.run(20s);
  EXPECT_EQ(fleet["a"].all<FleetFailed>().at(0).why, FleetFailure::member_lost);
  EXPECT_EQ(fleet["b"].core->state(), FleetState::over);
}

TEST(FleetCore, WithoutItsCoordinatorAMemberFails) {
  Fleet fleet{"a", "b"};
  fleet["a"].dead = true;
  fleet.run(7s);
  EXPECT_EQ(fleet["b"].all<FleetFailed>().at(0).why, FleetFailure::coordinator_lost);
}

TEST(FleetCore, ReportsArriveWholeAndInOrder) {
  Fleet fleet{"a", "b"};
  const std::string large(FleetCore::piece_bytes * 2 + 5, 'x');
  fleet.act("b", [&](FleetCore& core, FleetEffects& out) {
    core.report("one", out);
    core.report(large, out);
    core.report("", out);
  });
  fleet.run(1s);
  EXPECT_EQ(fleet["a"].all<FleetReport>(), (std::vector{FleetReport{2, "one"}, FleetReport{2, large}, FleetReport{2, ""}}));
  EXPECT_EQ(fleet["a"].core->members()[1].pieces.missed(), 0u);
}

TEST(FleetCore, ALostPieceIsCountedAndWhatFollowsArrives) {
  Fleet fleet{"a", "b"};
  fleet.loses = [](const std::string& message) { return message.find("\"piece\":1,") != std::string::npos; };
  fleet.act("b", [&](FleetCore& core, FleetEffects& out) {
    core.report(std::string(FleetCore::piece_bytes * 3, 'x'), out);
    core.report("two", out);
  });
  fleet.run(1s);
  EXPECT_EQ(fleet["a"].all<FleetReport>(), std::vector(1, FleetReport{2, "two"}));
  EXPECT_EQ(fleet["a"].core->members()[1].pieces.missed(), 1u);
}

TEST(FleetCore, StopAndFinishReachAllAlsoWhenTheirMessageIsLost) {
  Fleet fleet{"a", "b", "c"};
  fleet.act("a", &FleetCore::stop);
  fleet.run(10ms);
  EXPECT_EQ(fleet["b"].all<FleetStop>().size(), 1u);
  fleet.loses = [](const std::string& message) {
    return message.find("\"pong\"") == std::string::npos && message.find("\"phase\"") != std::string::npos;
  };
  fleet.act("a", &FleetCore::finish);
  fleet.run(2s);
  for (const char* id : {"b", "c"}) {
    EXPECT_EQ(fleet[id].all<FleetStop>().size(), 1u);
    EXPECT_EQ(fleet[id].all<FleetFinish>().size(), 1u);
  }
}

/// A member that closes its books may say nothing for longer than one that runs.
TEST(FleetCore, ThereIsPatienceAtTheEnd) {
  Fleet fleet{"a", "b"};
  fleet.act("a", &FleetCore::finish);
  fleet.run(1s);
  fleet["b"].dead = true;
  fleet.run(20s);
  EXPECT_TRUE(fleet["a"].all<FleetLost>().empty());
  fleet.run(15s);
  EXPECT_EQ(fleet["a"].all<FleetLost>().size(), 1u);
}

TEST(FleetCore, AnInterruptedMemberAsksTheCoordinator) {
  Fleet fleet{"a", "b"};
  fleet.act("b", &FleetCore::interrupt);
  fleet.run(1s);
  EXPECT_EQ(fleet["a"].all<FleetInterrupt>().size(), 1u);
}

TEST(FleetCore, TheVerdictReachesAll) {
  Fleet fleet{"a", "b", "c"};
  const std::string result(FleetCore::piece_bytes + 1, 'r');
  fleet.act("a", [&](FleetCore& core, FleetEffects& out) { core.end(5, result, out); });
  fleet.run(1s);
  for (const char* id : {"b", "c"}) EXPECT_EQ(fleet[id].all<FleetOver>(), std::vector(1, FleetOver{5, result}));
  EXPECT_EQ(fleet["b"].core->next_deadline(), std::nullopt);
}

TEST(FleetCore, AloneIsAFleetToo) {
  Fleet fleet;
  fleet.add("a", 1);
  fleet.run(1s);
  EXPECT_EQ(fleet["a"].all<FleetBegin>().size(), 1u);
}

TEST(FleetCore, StrangersOnTheBusAreCountedAndDoNoHarm) {
  Fleet fleet{"a", "b"};
  for (const char* text : {"", "hello", "[]", "{}", R"({"from":7})", R"({"from":"x","hello":1})", R"({"from":"b","ping":"x"})",
                           R"({"from":"a","pong":1})", R"({"from":"b","report":-1})", R"({"from":"a","phase":"x"})"})
    fleet.say(text);
  fleet.say(R"({"from":"x","ping":1,"ready":true})");
  fleet.run(2s);
  EXPECT_GT(fleet["a"].core->strange(), 5u);
  EXPECT_EQ(fleet["a"].did.size(), 1u);
  EXPECT_EQ(fleet["b"].did.size(), 1u);
}

}  // namespace
