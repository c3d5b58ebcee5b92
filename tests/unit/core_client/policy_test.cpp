// Back-off and reconnect policies D-10 to D-14, the two presets, heartbeat options D-4. Spec client-semantics 3.10.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scripted_socket.hpp"

namespace phx::core {
namespace {

using testing::ElementsAre;

// --- presets ---

TEST(ClientPolicy, PhoenixJsTurnsEveryDepartureOff) {
  const Policy p = compat::phoenix_js();
  EXPECT_TRUE(p.queue_lifecycle_frames && p.ref_when_buffered && p.leave_completes_locally && p.heartbeat.queue_while_not_open);
  EXPECT_TRUE(p.dead_transport_blocks_connect);
  EXPECT_FALSE(p.isolate_failures || p.drop_stale_transport_events || p.fail_pushes_when_closed || p.dispatch_snapshot);
  EXPECT_FALSE(p.refusals.classify || p.join_again_after_closed || p.rejoin_on_unmatched_topic || p.presence_update_event);
  EXPECT_FALSE(p.reconnect_on_normal_close || p.url.parse_endpoint);
  EXPECT_FALSE(p.connect_replaces_reconnect);
  EXPECT_TRUE(p.teardown_looks);
  EXPECT_EQ(p.presence, PresenceLimits::none());
  EXPECT_EQ(p.push_deadline, PushDeadline::from_call_and_resend);
  EXPECT_EQ(p.stable_after, 0s);
  EXPECT_EQ(p.reconnect, backoff::phoenix_js());
  EXPECT_EQ(p.push_buffer, QueueLimits{});
}

TEST(ClientPolicy, PhxkitIsTheDefault) {
  EXPECT_EQ(Policy::phxkit(), Policy{});
  EXPECT_NE(Policy::phxkit(), compat::phoenix_js());
  EXPECT_EQ(Policy{}.stable_after, 10s);
  EXPECT_EQ(Policy{}.heartbeat.max_missed, 1u);
  EXPECT_LT(Policy{}.push_buffer.max_count, 10'000u);
}

// --- back-off ---

std::vector<std::int64_t> delays(const Backoff& backoff, double unit, int n) {
  FixedJitter jitter(unit);
  std::vector<std::int64_t> all;
  Duration previous{};
  for (int i = 1; i <= n; ++i) {
    previous = backoff.delay(static_cast<std::uint32_t>(i), previous, jitter);
    all.push_back(previous / 1ms);
  }
  return all;
}

TEST(ClientBackoff, PhoenixJsTables) {
  EXPECT_THAT(delays(backoff::phoenix_js(), 0.5, 11), ElementsAre(10, 50, 100, 150, 200, 250, 500, 1000, 2000, 5000, 5000));
  EXPECT_THAT(delays(backoff::phoenix_js_rejoin(), 0.5, 5), ElementsAre(1000, 2000, 5000, 10'000, 10'000));
}

TEST(ClientBackoff, FullJitterIsBetweenZeroAndTheCeiling) {  // D-11
  EXPECT_THAT(delays(backoff::reconnect(), 0.0, 3), ElementsAre(0, 0, 0));
  EXPECT_THAT(delays(backoff::reconnect(), 0.5, 8), ElementsAre(50, 100, 200, 400, 800, 1600, 2500, 2500));
  EXPECT_THAT(delays(backoff::rejoin(), 0.5, 5), ElementsAre(500, 1000, 2000, 4000, 5000));
  EXPECT_EQ(backoff::reconnect().ceiling(4'000'000'000), 5s);
}

TEST(ClientBackoff, OtherShapesAndSpreads) {
  EXPECT_THAT(delays(backoff::fixed(3s), 0.9, 2), ElementsAre(3000, 3000));
  EXPECT_THAT(delays(backoff::exponential(1s, 8s, Backoff::Spread::equal), 0.5, 4), ElementsAre(750, 1500, 3000, 6000));
  EXPECT_THAT(delays(backoff::exponential(1s, 8s, Backoff::Spread::decorrelated), 0.5, 5), ElementsAre(1000, 2000, 3500, 5750, 8000));
  EXPECT_EQ((Backoff{Backoff::Table{}, Backoff::Spread::none}.ceiling(1)), 0s);
}

TEST(ClientBackoff, TheSeededJitterIsRepeatableAndInRange) {
  SeededJitter a(7), b(7);
  for (int i = 0; i < 1000; ++i) {
    const double value = a.unit();
    EXPECT_EQ(value, b.unit());
    EXPECT_TRUE(value >= 0 && value < 1);
  }
}

// --- reconnecting under the default policy ---

struct ClientReconnect : testing::Test {
  ScriptedSocket s{Policy::phxkit()};
};

TEST_F(ClientReconnect, D_10_AFlappingServerIsNotHammered) {
  s.connect_and_open();
  for (int i = 0; i < 3; ++i) {
    s.advance(9s);
    s.lose();
    s.advance(s.last<ReconnectScheduled>().delay);
    s.open();
  }
  s.lose();
  EXPECT_EQ(s.last<ReconnectScheduled>().attempt, 4u);
  EXPECT_EQ(s.last<ReconnectScheduled>().delay, 400ms);
}

TEST_F(ClientReconnect, D_10_TenStableSecondsResetTheAttempts) {
  s.connect_and_open();
  s.lose();
  s.advance(s.last<ReconnectScheduled>().delay);
  s.open();
  s.advance(10s);
  s.lose();
  EXPECT_EQ(s.last<ReconnectScheduled>().attempt, 1u);
}

TEST_F(ClientReconnect, D_10_AHeartbeatReplyResetsTheAttempts) {
  SocketConfig config;
  config.heartbeat_interval = 2s;
  ScriptedSocket t(config);
  t.connect();
  t.lose();
  t.advance(1s);
  t.open();
  t.advance(2s);
  EXPECT_EQ(t.socket.reconnect().attempts(), 1u);
  t.server(R"([null,"1","phoenix","phx_reply",{"status":"ok","response":{}}])");
  EXPECT_EQ(t.socket.reconnect().attempts(), 0u);
}

TEST_F(ClientReconnect, D_12_RefusedOnceRefreshesThenTerminal) {
  for (const int status : {401, 403}) {
    ScriptedSocket t{Policy::phxkit()};
    t.connect();
    EXPECT_FALSE(t.last<OpenTransport>().refresh_credentials);
    t.closed(t.generation(), {.code = 1006, .http_status = status});
    EXPECT_EQ(t.last<ReconnectScheduled>().why, ReconnectWhy::refused);
    t.advance(1s);
    EXPECT_TRUE(t.last<OpenTransport>().refresh_credentials);
    t.closed(t.generation(), {.code = 1006, .http_status = status});
    EXPECT_THAT(t.all<Terminal>(), ElementsAre(Terminal{Errc::unauthorized, status, 1006}));
    t.advance(1h);
    t.input([&](Effects& out) { t.socket.network_changed(t.now(), out); });
    EXPECT_EQ(t.count<OpenTransport>(), 2u);
    t.connect();
    EXPECT_EQ(t.count<OpenTransport>(), 3u);
  }
}

TEST_F(ClientReconnect, D_12_Code1008IsLikeARefusal) {
  s.connect_and_open();
  s.lose(1008);
  s.advance(1s);
  s.open();
  s.lose(1008);
  EXPECT_EQ(s.last<Terminal>().code, 1008);
}

TEST_F(ClientReconnect, D_12_RefusalsMayBeRetriedForEver) {
  Policy policy = Policy::phxkit();
  policy.refusals.unauthorized_final = false;
  ScriptedSocket t(policy);
  t.connect();
  for (int i = 0; i < 3; ++i) {
    t.closed(t.generation(), {.code = 1006, .http_status = 403});
    t.advance(t.last<ReconnectScheduled>().delay);
  }
  EXPECT_EQ(t.last<ReconnectScheduled>().delay, 5s);
  EXPECT_EQ(t.count<Terminal>(), 0u);
}

TEST_F(ClientReconnect, D_12_RetryAfterIsObeyed) {
  for (const int status : {429, 503}) {
    s.connect();
    s.closed(s.generation(), {.code = 1006, .http_status = status, .retry_after = 17s});
    EXPECT_EQ(s.last<ReconnectScheduled>(), (ReconnectScheduled{17s, 1, ReconnectWhy::retry_after}));
  }
}

TEST_F(ClientReconnect, D_12_RestartAndOverloadSpread) {
  s.connect_and_open();
  s.lose(1012);
  EXPECT_EQ(s.last<ReconnectScheduled>(), (ReconnectScheduled{3s, 1, ReconnectWhy::server_restart}));
  s.advance(3s);
  s.open();
  s.lose(1013);
  EXPECT_EQ(s.last<ReconnectScheduled>(), (ReconnectScheduled{45s, 2, ReconnectWhy::server_overload}));
}

TEST_F(ClientReconnect, D_12_PhoenixJsKnowsNoClasses) {
  ScriptedSocket t{compat::phoenix_js()};
  t.connect();
  for (int i = 0; i < 4; ++i) {
    t.closed(t.generation(), {.code = 1006, .http_status = 403});
    EXPECT_EQ(t.last<ReconnectScheduled>().why, ReconnectWhy::connection_lost);
    t.advance(t.last<ReconnectScheduled>().delay);
  }
  EXPECT_EQ(t.count<Terminal>(), 0u);
}

TEST_F(ClientReconnect, D_13_ANormalCloseMayReconnect) {
  Policy policy = Policy::phxkit();
  policy.reconnect_on_normal_close = true;
  ScriptedSocket t(policy);
  t.connect_and_open();
  t.lose(1000, true);
  EXPECT_EQ(t.count<ReconnectScheduled>(), 1u);
}

// --- heartbeat ---

TEST(ClientHeartbeat, D_04_OwnTimeoutAndMissedCount) {
  SocketConfig config;
  config.heartbeat_timeout = 5s;
  config.policy.heartbeat.max_missed = 2;
  ScriptedSocket s(config);
  s.connect_and_open();
  s.advance(35s);
  EXPECT_EQ(s.count<CloseTransport>(), 0u);
  EXPECT_EQ(s.sent().size(), 2u);
  s.advance(5s);
  EXPECT_EQ(s.count<CloseTransport>(), 1u);
}

// --- D-14: bounded queues ---

struct ClientQueues : testing::Test {
  static Policy limited(QueueLimits limits) {
    Policy policy = Policy::phxkit();
    policy.push_buffer = policy.send_buffer = limits;
    return policy;
  }
};

TEST_F(ClientQueues, D_14_TheNewestIsRejectedByCount) {
  ScriptedSocket s(limited({.max_count = 2}));
  const ChannelId c = s.join();
  s.push(c, "a");
  s.push(c, "b");
  const PushId third = s.push(c, "c");
  EXPECT_THAT(s.all<PushFailed>(), ElementsAre(PushFailed{third, c, Errc::queue_full}));
  s.connect_and_open();
  s.ok(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "a", "b"));
}

TEST_F(ClientQueues, D_14_TheOldestIsDroppedByBytes) {
  ScriptedSocket s(limited({.max_bytes = 20, .on_full = OnFull::drop_oldest}));
  const ChannelId c = s.join();
  const PushId first = s.push(c, "a", R"("12345678")");
  s.push(c, "b", R"("1234")");
  s.push(c, "c", R"("1234")");
  EXPECT_THAT(s.all<PushFailed>(), ElementsAre(PushFailed{first, c, Errc::queue_full}));
  EXPECT_EQ(s.socket.channel(c).push_buffer().bytes(), 14u);
  const PushId huge = s.push(c, "d", std::string(30, '1'));
  EXPECT_EQ(s.last<PushFailed>(), (PushFailed{huge, c, Errc::queue_full}));
}

TEST_F(ClientQueues, D_14_TheSendBufferIsBoundedToo) {
  ScriptedSocket s(limited({.max_count = 1}));
  PushId second{};
  s.input([&](Effects& out) { s.socket.send({.topic = "t", .event = "a"}, out); });
  s.input([&](Effects& out) { second = s.socket.send({.topic = "t", .event = "b"}, out); });
  EXPECT_THAT(s.all<PushFailed>(), ElementsAre(PushFailed{second, ChannelId::none, Errc::queue_full}));
}

TEST(ClientInFlight, ManyPushesAnsweredInOrderStayCheapToKeep) {
  InFlightPushes pushes;
  for (std::uint64_t i = 1; i <= 1000; ++i) pushes.add({.ref = Ref{i}, .id = PushId{i}, .deadline = Instant{} + 1s * i});
  for (std::uint64_t i = 1; i <= 500; ++i) EXPECT_EQ(pushes.take(Ref{i})->id, PushId{i});
  EXPECT_EQ(pushes.take(Ref{750})->id, PushId{750});
  EXPECT_FALSE(pushes.take(Ref{750}));
  EXPECT_EQ(pushes.size(), 499u);
  EXPECT_EQ(pushes.earliest(), Instant{} + 501s);
}

}  // namespace
}  // namespace phx::core
