// Credentials of attempts on virtual time: single flight, time limit, refresh. Spec client-semantics U3, D-12.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include <phx/core/client/credential_core.hpp>

namespace phx::core {
namespace {

using namespace std::chrono_literals;

constexpr OpenTransport attempt(std::uint32_t generation, bool refresh = false, OpenReason reason = OpenReason::connect) {
  return {.generation = Generation{generation}, .reason = reason, .refresh_credentials = refresh};
}
constexpr Instant at(Duration time) { return Instant{} + time; }
CredentialCore::Answer for_attempt(std::uint32_t generation) { return {.generation = Generation{generation}, .again = {}}; }

struct ClientCredentials : testing::Test {
  CredentialCore core{30s};
};

TEST_F(ClientCredentials, AreAskedForOncePerAttempt) {  // U3
  const auto first = core.need(attempt(1), at(0s));
  EXPECT_EQ(first, (CredentialQuestion{1, OpenReason::connect, false}));
  EXPECT_EQ(core.answered(1), for_attempt(1));
  EXPECT_EQ(core.answered(1), CredentialCore::Answer{}) << "answered twice";
  EXPECT_EQ(core.deadline(), Instant::max());
  EXPECT_EQ(core.need(attempt(2, true, OpenReason::reconnect), at(5s)), (CredentialQuestion{2, OpenReason::reconnect, true}));
  EXPECT_EQ(core.answered(2), for_attempt(2));
}

TEST_F(ClientCredentials, ANewAttemptTakesTheAnswerOfTheQuestionUnderWay) {
  const auto question = core.need(attempt(1), at(0s));
  core.cancel(Generation{1});
  EXPECT_EQ(core.deadline(), Instant::max()) << "nobody waits";
  EXPECT_FALSE(core.need(attempt(2), at(1s)));
  EXPECT_EQ(core.answered(question->id), for_attempt(2));
}

TEST_F(ClientCredentials, AnAttemptMayReplaceTheOneThatWaits) {
  const auto question = core.need(attempt(1), at(0s));
  EXPECT_FALSE(core.need(attempt(2), at(1s)));
  core.cancel(Generation{1});  // late word of the first
  EXPECT_EQ(core.answered(question->id), for_attempt(2));
}

TEST_F(ClientCredentials, ACachedAnswerDoesNotServeAnAttemptThatNeedsFreshOnes) {  // D-12
  const auto stale = core.need(attempt(1), at(0s));
  EXPECT_FALSE(core.need(attempt(2, true, OpenReason::reconnect), at(1s))) << "one question at a time";
  const auto answer = core.answered(stale->id);
  EXPECT_EQ(answer, (CredentialCore::Answer{.generation = Generation::none, .again = CredentialQuestion{2, OpenReason::reconnect, true}}));
  EXPECT_EQ(core.deadline(), at(31s)) << "the limit counts from the need";
  EXPECT_EQ(core.answered(2), for_attempt(2));
}

TEST_F(ClientCredentials, AFreshAnswerServesEverybody) {
  const auto fresh = core.need(attempt(1, true), at(0s));
  EXPECT_FALSE(core.need(attempt(2, false), at(1s)));
  EXPECT_EQ(core.answered(fresh->id), for_attempt(2));
}

TEST_F(ClientCredentials, TheAttemptFailsAtTheLimitAndNotBefore) {
  const auto question = core.need(attempt(1), at(0s));
  EXPECT_EQ(core.deadline(), at(30s));
  EXPECT_EQ(core.on_deadline(at(29'999ms)), Generation::none);
  EXPECT_EQ(core.on_deadline(at(30s)), Generation{1});
  EXPECT_EQ(core.on_deadline(at(31s)), Generation::none) << "told once";
  EXPECT_EQ(core.answered(question->id), CredentialCore::Answer{}) << "too late";
}

TEST_F(ClientCredentials, AProviderThatHangsIsAskedAnewAfterTheLimit) {
  core.need(attempt(1), at(0s));
  core.on_deadline(at(30s));
  const auto second = core.need(attempt(2), at(40s));
  ASSERT_TRUE(second);
  EXPECT_EQ(core.answered(1), CredentialCore::Answer{}) << "the answer to the first question is nobody's";
  EXPECT_EQ(core.answered(second->id), for_attempt(2));
}

TEST_F(ClientCredentials, AnAnswerThatNobodyWaitsForIsDropped) {
  const auto question = core.need(attempt(1), at(0s));
  core.cancel(Generation{1});
  EXPECT_EQ(core.answered(question->id), CredentialCore::Answer{});
  EXPECT_TRUE(core.need(attempt(2), at(1s))) << "the next one asks again";
}

}  // namespace
}  // namespace phx::core
