// One HTTP request on virtual time: what is made again, when, and what is not. Rules: RequestCore's header.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include <phx/core/client/request_core.hpp>
#include <phx/core/error.hpp>

namespace phx::core {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant at(Duration time) { return Instant{} + time; }

struct ClientRequest : testing::Test {
  RequestCore& core() { return core_ ? *core_ : core_.emplace(policy, rules, jitter); }
  RequestEffects start() {
    RequestEffects out;
    core().start(at(0s), out);
    return out;
  }
  RequestEffects answer(std::uint32_t number, int status, Duration now, std::optional<Duration> retry_after = {}) {
    RequestEffects out;
    core().on_answer(number, status, retry_after, at(now), out);
    return out;
  }
  RequestEffects fail(std::uint32_t number, std::error_code why, bool sent, Duration now) {
    RequestEffects out;
    core().on_failure(number, why, sent, at(now), out);
    return out;
  }
  RequestEffects deadline(Duration now) {
    RequestEffects out;
    core().on_deadline(at(now), out);
    return out;
  }

  RetryPolicy policy{.attempts = 3, .backoff = backoff::exponential(1s, 8s, Backoff::Spread::none)};
  RequestRules rules{.timeout = 60s};
  SeededJitter jitter{1};
  std::optional<RequestCore> core_;
};

TEST_F(ClientRequest, AnyOrdinaryAnswerIsTheOutcome) {
  for (const int status : {200, 204, 302, 400, 401, 403, 404, 422, 500}) {
    core_.reset();
    EXPECT_THAT(start(), ElementsAre(RequestAttempt{1, false}));
    EXPECT_THAT(answer(1, status, 1s), ElementsAre(RequestAnswered{})) << status;
    EXPECT_EQ(core().next_deadline(), std::nullopt);
    EXPECT_THAT(answer(1, 200, 2s), IsEmpty()) << "told once";
  }
}

TEST_F(ClientRequest, PatienceIsGrowingAndEnds) {
  start();
  EXPECT_THAT(answer(1, 503, 1s), ElementsAre(RequestWaits{1s}));
  EXPECT_EQ(core().next_deadline(), at(2s));
  EXPECT_THAT(deadline(1999ms), IsEmpty());
  EXPECT_THAT(deadline(2s), ElementsAre(RequestAttempt{2, false}));
  EXPECT_THAT(answer(1, 200, 2s), IsEmpty()) << "of an earlier attempt";
  EXPECT_THAT(fail(2, Errc::connection_closed, true, 3s), ElementsAre(RequestWaits{2s}));
  EXPECT_THAT(deadline(5s), ElementsAre(RequestAttempt{3, false}));
  EXPECT_THAT(answer(3, 503, 6s), ElementsAre(RequestAnswered{})) << "the last answer, when no attempt is left";
}

TEST_F(ClientRequest, RetryAfterIsTheLeastWait) {
  start();
  EXPECT_THAT(answer(1, 429, 0s, 7s), ElementsAre(RequestWaits{7s}));
  deadline(7s);
  EXPECT_THAT(answer(2, 429, 8s, 1s), ElementsAre(RequestWaits{2s})) << "the back-off is longer";
}

TEST_F(ClientRequest, ARetryAfterBeyondTheLimitsIsAnAnswerAtOnce) {
  start();
  EXPECT_THAT(answer(1, 503, 0s, 61s), ElementsAre(RequestAnswered{})) << "retry_after_max";
  core_.reset();
  rules.timeout = 5s;
  start();
  EXPECT_THAT(answer(1, 503, 0s, 5s), ElementsAre(RequestAnswered{})) << "the time limit comes first";
}

TEST_F(ClientRequest, WhatIsNotIdempotentIsSentOnce) {
  rules.idempotent = false;
  start();
  EXPECT_THAT(answer(1, 503, 0s, 1s), ElementsAre(RequestAnswered{}));
  core_.reset();
  start();
  EXPECT_THAT(fail(1, Errc::connection_closed, true, 0s), ElementsAre(RequestFailed{Errc::connection_closed}));
  core_.reset();
  start();
  EXPECT_THAT(fail(1, std::make_error_code(std::errc::connection_refused), false, 0s), ElementsAre(RequestWaits{1s})) << "nothing was sent";
}

TEST_F(ClientRequest, TheHopelessIsNotMadeAgain) {
  for (const Errc why : {Errc::bad_url, Errc::tls_failed, Errc::message_too_large, Errc::cancelled}) {
    core_.reset();
    start();
    EXPECT_THAT(fail(1, why, false, 0s), ElementsAre(RequestFailed{why}));
  }
}

TEST_F(ClientRequest, ARefusalAsksOnceForFreshCredentialsWhateverTheMethod) {
  rules = {.idempotent = false, .refresh_on_401 = true, .refresh_on_403 = false, .timeout = 60s};
  policy.attempts = 1;
  start();
  EXPECT_THAT(answer(1, 401, 0s), ElementsAre(RequestAttempt{2, true}));
  EXPECT_THAT(answer(2, 401, 1s), ElementsAre(RequestAnswered{}));
  core_.reset();
  start();
  EXPECT_THAT(answer(1, 403, 0s), ElementsAre(RequestAnswered{}));
  core_.reset();
  rules.refresh_on_403 = true;
  start();
  EXPECT_THAT(answer(1, 403, 0s), ElementsAre(RequestAttempt{2, true})) << "the CSRF token was old";
}

TEST_F(ClientRequest, TheTimeLimitEndsAttempts) {
  start();
  EXPECT_EQ(core().next_deadline(), at(60s));
  EXPECT_THAT(deadline(59s), IsEmpty());
  EXPECT_THAT(deadline(60s), ElementsAre(RequestAbort{1}, RequestFailed{std::make_error_code(std::errc::timed_out)}));
  EXPECT_THAT(answer(1, 200, 60s), IsEmpty());
  EXPECT_THAT(deadline(61s), IsEmpty());
}

TEST_F(ClientRequest, ALoopThatComesBackLateEndsTheWait) {
  start();
  answer(1, 503, 58s);
  EXPECT_THAT(deadline(3600s), ElementsAre(RequestFailed{std::make_error_code(std::errc::timed_out)}));
}

TEST_F(ClientRequest, CancellingIsSilent) {
  start();
  RequestEffects out;
  core().cancel(out);
  EXPECT_THAT(out, ElementsAre(RequestAbort{1}));
  EXPECT_THAT(answer(1, 200, 1s), IsEmpty());
  EXPECT_EQ(core().next_deadline(), std::nullopt);
}

TEST_F(ClientRequest, MethodsAsInRfc9110) {
  for (const auto* method : {"GET", "HEAD", "OPTIONS", "TRACE"}) EXPECT_TRUE(is_safe(method) && is_idempotent(method)) << method;
  for (const auto* method : {"PUT", "DELETE"}) EXPECT_TRUE(!is_safe(method) && is_idempotent(method)) << method;
  for (const auto* method : {"POST", "PATCH", "get", ""}) EXPECT_FALSE(is_safe(method) || is_idempotent(method)) << method;
}

}  // namespace
}  // namespace phx::core
