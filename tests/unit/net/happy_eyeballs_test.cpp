// RFC 8305 on virtual time: which address is tried when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <phx/net/happy_eyeballs.hpp>

namespace phx::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using State = HappyEyeballs::State;

constexpr Instant at(Duration time) { return Instant{} + 1h + time; }

std::vector<std::size_t> order(std::string_view families) {
  std::vector<Family> list;
  for (const char c : families) list.push_back(c == '6' ? Family::v6 : Family::v4);
  return interleaved(list);
}

/// Everything to be started at this time.
std::vector<std::size_t> due(HappyEyeballs& race, Duration time) {
  std::vector<std::size_t> started;
  while (const auto attempt = race.next_attempt(at(time))) started.push_back(*attempt);
  return started;
}

TEST(NetHappyEyeballs, FamiliesTakeTurnsAndTheResolversFirstIsFirst) {  // RFC 8305 4
  EXPECT_THAT(order("666444"), ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(order("4466"), ElementsAre(0, 2, 1, 3));
  EXPECT_THAT(order("64"), ElementsAre(0, 1));
  EXPECT_THAT(order("6664"), ElementsAre(0, 3, 1, 2));
  EXPECT_THAT(order("6444"), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(order("444"), ElementsAre(0, 1, 2));
  EXPECT_THAT(order(""), IsEmpty());
}

TEST(NetHappyEyeballs, TheNextStarts250MillisecondsAfterTheLast) {  // RFC 8305 5
  HappyEyeballs race(3, at(10s));
  EXPECT_THAT(due(race, 0ms), ElementsAre(0));
  EXPECT_EQ(race.next_deadline(), at(250ms));
  EXPECT_THAT(due(race, 249ms), IsEmpty());
  EXPECT_THAT(due(race, 250ms), ElementsAre(1));
  EXPECT_THAT(due(race, 400ms), IsEmpty());
  EXPECT_THAT(due(race, 500ms), ElementsAre(2));
  EXPECT_EQ(race.next_deadline(), at(10s)) << "nothing left to start";
  EXPECT_EQ(race.state(), State::racing);
}

TEST(NetHappyEyeballs, AFailureStartsTheNextAtOnce) {
  HappyEyeballs race(4, at(10s));
  due(race, 0ms);
  race.failed();
  EXPECT_THAT(due(race, 10ms), ElementsAre(1));
  EXPECT_EQ(race.next_deadline(), at(260ms)) << "the stagger counts from the last start";
  EXPECT_THAT(due(race, 260ms), ElementsAre(2));
  race.failed();
  EXPECT_THAT(due(race, 261ms), ElementsAre(3));
}

TEST(NetHappyEyeballs, TheFirstWinsAndNothingIsStartedAfterwards) {
  HappyEyeballs race(3, at(10s));
  due(race, 0ms);
  due(race, 250ms);
  race.succeeded();
  EXPECT_EQ(race.state(), State::won);
  EXPECT_THAT(due(race, 1s), IsEmpty());
  race.failed();  // a loser, cancelled
  race.on_deadline(at(10s));
  EXPECT_EQ(race.state(), State::won);
}

TEST(NetHappyEyeballs, IsLostWhenAllHaveFailed) {
  HappyEyeballs race(2, at(10s));
  due(race, 0ms);
  race.failed();
  EXPECT_EQ(race.state(), State::racing);
  due(race, 1ms);
  race.failed();
  EXPECT_EQ(race.state(), State::lost);
}

TEST(NetHappyEyeballs, EndsAtTheDeadlineAndNotBefore) {
  HappyEyeballs race(100, at(1s));
  for (Duration time{}; time < 1s; time += 50ms) due(race, time);
  EXPECT_EQ(race.next_deadline(), at(1s));
  race.on_deadline(at(999ms));
  EXPECT_EQ(race.state(), State::racing);
  EXPECT_THAT(due(race, 1s), IsEmpty()) << "no attempt begins at the deadline";
  race.on_deadline(at(1s));
  EXPECT_EQ(race.state(), State::late);
}

}  // namespace
}  // namespace phx::net
