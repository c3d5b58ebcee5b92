// What becomes of pushes that cannot leave at once, or whose connection is lost: Delivery and OnFull (D-14).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scripted_socket.hpp"

namespace phx::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ClientDelivery : public testing::Test {
 protected:
  PushId push(ChannelId c, PushRequest request) {
    PushId id{};
    s.input([&](Effects& out) { id = s.socket.push(c, request, s.now(), out); });
    return id;
  }
  PushId at_least_once(ChannelId c, std::string_view event, std::string_view id, Duration life = 1h) {
    return push(c, {.event = event, .delivery = Delivery::at_least_once, .key = id, .until = s.now() + life});
  }
  PushId latest(ChannelId c, std::string_view event, std::string_view key) {
    return push(c, {.event = event, .delivery = Delivery::latest, .key = key});
  }
  /// The connection breaks and comes back; the channel is joined again.
  void reconnect(ChannelId c) {
    s.lose();
    s.connect();
    s.open();
    s.ok(c);
  }
  std::vector<std::pair<PushId, std::error_code>> failures() const {
    std::vector<std::pair<PushId, std::error_code>> out;
    for (const auto& failed : s.all<PushFailed>()) out.emplace_back(failed.push, failed.why);
    return out;
  }

  ScriptedSocket s{phxkit_preset().policy};
};

std::pair<PushId, std::error_code> failed(PushId id, std::error_code why) { return {id, why}; }

TEST_F(ClientDelivery, IfJoinedFailsAtOnceUnlessJoined) {
  const ChannelId c = s.join();
  const PushId early = push(c, {.event = "typing", .delivery = Delivery::if_joined});
  EXPECT_THAT(failures(), ElementsAre(failed(early, std::make_error_code(std::errc::not_connected))));
  s.connect_and_open();
  s.ok(c);
  s.forget();
  push(c, {.event = "typing", .delivery = Delivery::if_joined});
  EXPECT_THAT(s.sent_events(), ElementsAre("typing"));
}

TEST_F(ClientDelivery, LatestReplacesTheWaitingOneOfItsKey) {
  const ChannelId c = s.join();
  const PushId first = latest(c, "cursor1", "cursor");
  latest(c, "other", "selection");
  latest(c, "cursor2", "cursor");
  EXPECT_THAT(failures(), ElementsAre(failed(first, Errc::cancelled)));
  s.connect_and_open();
  s.forget();
  s.ok(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("other", "cursor2"));
}

TEST_F(ClientDelivery, AtLeastOnceIsSentAgainAfterEveryRejoinUntilAnswered) {
  const ChannelId c = s.joined();
  const PushId order = at_least_once(c, "order", "o-1");
  s.forget();
  reconnect(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "order"));
  s.reply(c, "ok", R"({"n":1})");
  EXPECT_EQ(s.last<PushReplied>().push, order);
  s.forget();
  reconnect(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join"));
  EXPECT_THAT(failures(), IsEmpty());
}

TEST_F(ClientDelivery, AtLeastOnceIsSentAgainAfterACrashOfTheChannel) {
  const ChannelId c = s.joined();
  at_least_once(c, "order", "o-1");
  s.event(c, "phx_error");
  s.forget();
  s.advance(1s);
  s.ok(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join", "order"));
}

TEST_F(ClientDelivery, AQueuedPushIsNotSentAgain) {
  const ChannelId c = s.joined();
  push(c, {.event = "once"});
  s.forget();
  reconnect(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join"));
}

TEST_F(ClientDelivery, UnansweredOnesComeBeforeWhatWasPushedMeanwhile) {
  const ChannelId c = s.joined();
  at_least_once(c, "a", "1");
  at_least_once(c, "b", "2");
  s.lose();
  push(c, {.event = "c"});
  s.connect();
  s.open();
  s.forget();
  s.ok(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("a", "b", "c"));
}

TEST_F(ClientDelivery, AtLeastOnceIsGivenUpAtItsTimeAndFailsOnce) {
  const ChannelId c = s.joined();
  const PushId order = at_least_once(c, "order", "o-1", 30s);
  s.reply(c);
  const PushId lost = at_least_once(c, "order", "o-2", 30s);
  s.advance(29s);
  EXPECT_THAT(failures(), IsEmpty());
  s.advance(1s);
  EXPECT_THAT(failures(), ElementsAre(failed(lost, Errc::push_timeout)));
  EXPECT_EQ(s.last<PushReplied>().push, order);
  EXPECT_THAT(s.socket.channel(c).push_buffer().items(), IsEmpty());
}

TEST_F(ClientDelivery, AtLeastOnceFailsOnceWhenTheChannelCloses) {
  const ChannelId c = s.joined();
  const PushId sent = at_least_once(c, "a", "1");
  s.event(c, "phx_close");
  EXPECT_THAT(failures(), ElementsAre(failed(sent, Errc::channel_closed)));
}

TEST_F(ClientDelivery, TheSameIdAgainTakesThePlaceOfTheOld) {
  const ChannelId c = s.joined();
  const PushId old = at_least_once(c, "order", "o-1");
  at_least_once(c, "order", "o-1");
  EXPECT_THAT(failures(), ElementsAre(failed(old, Errc::cancelled)));
  EXPECT_EQ(s.socket.channel(c).push_buffer().items().size(), 1u);
  EXPECT_EQ(s.socket.in_flight(), 1u);
}

TEST_F(ClientDelivery, CancellingEndsTheRepetition) {
  const ChannelId c = s.joined();
  const PushId order = at_least_once(c, "order", "o-1");
  s.socket.cancel(order);
  s.forget();
  reconnect(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("phx_join"));
  EXPECT_EQ(s.socket.in_flight(), 0u);
}

TEST(ClientDeliveryLimits, RejectKeepsTheOldOnes) {
  Policy policy = phxkit_preset().policy;
  policy.push_buffer = {.max_count = 2};
  ScriptedSocket s(policy);
  const ChannelId c = s.join();
  s.push(c, "a");
  s.push(c, "b");
  const PushId refused = s.push(c, "c");
  EXPECT_EQ(s.last<PushFailed>(), (PushFailed{refused, c, Errc::queue_full}));
  EXPECT_EQ(s.socket.channel(c).push_buffer().items().size(), 2u);
}

TEST(ClientDeliveryLimits, DropOldestAlsoForgetsAnUnansweredOne) {
  Policy policy = phxkit_preset().policy;
  policy.push_buffer = {.max_count = 1, .on_full = OnFull::drop_oldest};
  ScriptedSocket s(policy);
  const ChannelId c = s.joined();
  const auto again = [&](std::string_view id) {
    PushId push{};
    s.input([&](Effects& out) {
      push = s.socket.push(c, {.event = "e", .delivery = Delivery::at_least_once, .key = id, .until = s.now() + 1h}, s.now(), out);
    });
    return push;
  };
  const PushId old = again("1");
  again("2");
  EXPECT_EQ(s.all<PushFailed>(), (std::vector{PushFailed{old, c, Errc::queue_full}}));
  EXPECT_EQ(s.socket.in_flight(), 1u);
}

TEST(ClientDeliveryLimits, WaitTakesOnlySuspendedCallersBeyondTheLimits) {
  Policy policy = phxkit_preset().policy;
  policy.push_buffer = {.max_count = 1, .max_bytes = 10, .on_full = OnFull::wait};
  ScriptedSocket s(policy);
  const ChannelId c = s.join();
  const auto push = [&](std::string_view event, bool suspends) {
    s.input([&](Effects& out) { s.socket.push(c, {.event = event, .suspends = suspends}, s.now(), out); });
  };
  push("a", false);
  push("b", true);
  push("c", true);
  push("d", false);
  EXPECT_EQ(s.count<PushFailed>(), 1u);
  s.connect_and_open();
  s.forget();
  s.ok(c);
  EXPECT_THAT(s.sent_events(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(s.socket.channel(c).push_buffer().bytes(), 0u);
}

}  // namespace
}  // namespace phx::core
