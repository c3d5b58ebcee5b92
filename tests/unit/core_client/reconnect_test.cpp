// Reconnect policies beyond the defaults: rules, limits, refusals and refreshes, Retry-After. Spec client-semantics D-10 to D-12.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <phx/core/client/retry_after.hpp>

#include "scripted_socket.hpp"

namespace phx::core {
namespace {

using testing::ElementsAre;

struct ClientReconnectPolicy : testing::Test {
  static Policy with(std::vector<LossRule> rules) {
    Policy policy = Policy::phxkit();
    policy.refusals.rules = std::move(rules);
    return policy;
  }
  static Policy within(ReconnectLimits limits) {
    Policy policy = Policy::phxkit();
    policy.reconnect = backoff::fixed(1s);
    policy.reconnect_limits = limits;
    return policy;
  }
};

// --- rules ---

TEST_F(ClientReconnectPolicy, ARuleMakesAStatusFinal) {
  ScriptedSocket s(with({{.http_status = 404, .then = AfterLoss::give_up}}));
  s.connect();
  s.closed(s.generation(), {.code = 1006, .http_status = 500});
  EXPECT_EQ(s.count<Terminal>(), 0u);
  s.advance(1s);
  s.closed(s.generation(), {.code = 1006, .http_status = 404});
  EXPECT_THAT(s.all<Terminal>(), ElementsAre(Terminal{Errc::gave_up, 404, 1006}));
  s.advance(1h);
  EXPECT_EQ(s.count<OpenTransport>(), 2u);
}

TEST_F(ClientReconnectPolicy, ARuleComesBeforeTheClass) {  // D-12 says 1008 is like 403
  ScriptedSocket s(with({{.code = 1008, .then = AfterLoss::retry}}));
  s.connect();
  for (int i = 0; i < 3; ++i) {
    s.open();
    s.lose(1008);
    EXPECT_EQ(s.last<ReconnectScheduled>().why, ReconnectWhy::connection_lost);
    s.advance(s.last<ReconnectScheduled>().delay);
    EXPECT_FALSE(s.last<OpenTransport>().refresh_credentials);
  }
  EXPECT_EQ(s.count<Terminal>(), 0u);
}

TEST_F(ClientReconnectPolicy, ARuleMayAskForFreshCredentials) {
  ScriptedSocket s(with({{.code = 4001, .then = AfterLoss::refresh}}));
  s.connect_and_open();
  s.lose(4001);
  s.advance(1s);
  EXPECT_TRUE(s.last<OpenTransport>().refresh_credentials);
  s.open();
  s.lose(4001);
  EXPECT_THAT(s.all<Terminal>(), ElementsAre(Terminal{Errc::unauthorized, 0, 4001}));
}

TEST_F(ClientReconnectPolicy, ARefusedUpgradeIsNoLostConnection) {  // its close code is 1006 too
  ScriptedSocket s(with({{.code = 1006, .then = AfterLoss::give_up}}));
  s.connect();
  s.closed(s.generation(), {.code = 1006, .http_status = 500});
  EXPECT_EQ(s.count<Terminal>(), 0u);
  s.advance(1s);
  s.open();
  s.lose();
  EXPECT_EQ(s.last<Terminal>().why, Errc::gave_up);
}

// --- refreshing ---

TEST_F(ClientReconnectPolicy, AnAttemptThatNeverReachedTheServerDoesNotUseUpTheRefresh) {
  ScriptedSocket s{Policy::phxkit()};
  s.connect();
  s.closed(s.generation(), {.code = 1006, .http_status = 401});
  for (int i = 0; i < 3; ++i) {
    s.advance(s.last<ReconnectScheduled>().delay);
    EXPECT_TRUE(s.last<OpenTransport>().refresh_credentials) << i;
    s.lose();
  }
  s.advance(s.last<ReconnectScheduled>().delay);
  EXPECT_EQ(s.count<Terminal>(), 0u);
  s.closed(s.generation(), {.code = 1006, .http_status = 401});
  EXPECT_EQ(s.last<Terminal>().why, Errc::unauthorized);
}

TEST_F(ClientReconnectPolicy, AStableConnectionForgetsTheRefusal) {
  ScriptedSocket s{Policy::phxkit()};
  for (int i = 0; i < 3; ++i) {
    s.connect();
    s.closed(s.generation(), {.code = 1006, .http_status = 403});
    s.advance(1s);
    s.open();
    s.advance(10s);
    s.disconnect();
    s.lose(1000, true);
  }
  EXPECT_EQ(s.count<Terminal>(), 0u);
  s.connect();
  EXPECT_FALSE(s.last<OpenTransport>().refresh_credentials);
}

// --- limits ---

TEST_F(ClientReconnectPolicy, EndsAfterTheAttemptsOfTheLimit) {
  ScriptedSocket s(within({.attempts = 3}));
  s.connect();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(s.count<Terminal>(), 0u);
    s.lose();
    s.advance(1s);
  }
  EXPECT_EQ(s.count<OpenTransport>(), 4u);
  EXPECT_THAT(s.all<Terminal>(), ElementsAre(Terminal{Errc::gave_up, 0, 1006}));
  s.connect();  // starts afresh
  s.lose();
  EXPECT_EQ(s.last<ReconnectScheduled>().attempt, 1u);
}

TEST_F(ClientReconnectPolicy, NoAttemptBeginsAfterTheTimeOfTheLimit) {
  ScriptedSocket s(within({.time = 5s}));
  s.connect();
  for (int i = 0; i < 10; ++i) {
    s.lose();
    s.advance(1s);
  }
  EXPECT_EQ(s.count<OpenTransport>(), 6u);  // at 0 s and 1, 2, ... 5 s after the first loss
  EXPECT_EQ(s.last<Terminal>().why, Errc::gave_up);
}

TEST_F(ClientReconnectPolicy, AStableConnectionStartsTheLimitsAnew) {
  ScriptedSocket s(within({.attempts = 1, .time = 5s}));
  s.connect();
  for (int i = 0; i < 3; ++i) {
    s.open();
    s.advance(10s);
    s.lose();
    s.advance(1s);
  }
  EXPECT_EQ(s.count<Terminal>(), 0u);
}

TEST_F(ClientReconnectPolicy, ADeadConnectionCountsToo) {  // H4
  Policy policy = within({.attempts = 1});
  policy.stable_after = 1h;
  ScriptedSocket s(policy);
  s.connect_and_open();
  s.lose();
  s.advance(1s);
  s.open();
  s.advance(60s);  // a heartbeat that is not answered
  ASSERT_EQ(s.count<CloseTransport>(), 1u);
  s.lose(1000, true);
  EXPECT_EQ(s.last<Terminal>(), (Terminal{Errc::gave_up, 0, 1006}));
}

TEST_F(ClientReconnectPolicy, AHiddenProgramDoesNotUseUpAttempts) {  // S8
  ScriptedSocket s(within({.attempts = 1}));
  s.connect();
  s.lose();
  s.input([&](Effects& out) { s.socket.network_changed(s.now(), out); });  // at once, not an attempt of the back-off
  s.lose();
  EXPECT_EQ(s.count<Terminal>(), 0u);
  s.advance(1s);
  s.lose();
  EXPECT_EQ(s.count<Terminal>(), 1u);
}

// --- Retry-After ---

TEST_F(ClientReconnectPolicy, RetryAfterHasACap) {
  ScriptedSocket s{Policy::phxkit()};
  s.connect();
  s.closed(s.generation(), {.code = 1006, .http_status = 503, .retry_after = 24h});
  EXPECT_EQ(s.last<ReconnectScheduled>().delay, 1h);
}

TEST(ClientRetryAfter, TakesSecondsAndDates) {  // RFC 9110 10.2.3
  constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_EQ(parse_retry_after("120", ""), 120s);
  EXPECT_EQ(parse_retry_after("0", date), 0s);
  EXPECT_EQ(parse_retry_after("4294967295", ""), 24h * 3652);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", date), 30s);
  EXPECT_EQ(parse_retry_after("Mon, 07 Nov 1994 08:49:37 GMT", date), 24h);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:07 GMT", date), 0s);
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", date), 24h * 3652);
}

TEST(ClientRetryAfter, LeavesEverythingElseToTheBackOff) {
  constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";
  for (const std::string_view value :
       {"", "-1", "1.5", "12 ", "soon", "99999999999", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 XYZ 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"})
    EXPECT_FALSE(parse_retry_after(value, date)) << value;
  EXPECT_FALSE(parse_retry_after(date, ""));
  EXPECT_FALSE(parse_retry_after(date, "yesterday"));
}

}  // namespace
}  // namespace phx::core
