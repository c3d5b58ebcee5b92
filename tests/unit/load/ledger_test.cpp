#include <gtest/gtest.h>
#include <phx/core/json.hpp>
#include <phx/load/ledger.hpp>

namespace {

using namespace phx::load;

constexpr std::int64_t us = 1000;

/// Publisher 1 in topic t sends n messages, one per ms from 1 ms on; each comes back to it after 100 us.
StreamLog stream(std::uint32_t n) {
  StreamLog log;
  log.user = 1;
  log.topic = "t";
  for (std::uint32_t i = 1; i <= n; ++i) {
    log.add(i * 1000 * us);
    log.confirm(i, (i * 1000 + 100) * us);
  }
  return log;
}

Deliveries settle(StreamLog log, Membership m) {
  Ledger ledger;
  ledger.streams.push_back(std::move(log));
  ledger.memberships.push_back(std::move(m));
  const auto topics = ledger.reconcile();
  EXPECT_EQ(topics.size(), 1u);
  const Deliveries d = topics.begin()->second;
  EXPECT_EQ(d.expected, d.received + d.lost);
  return d;
}

Membership member(std::int64_t from_us, std::int64_t to_us, Membership::End end, std::vector<Receipt> receipts) {
  return {"t", from_us * us, to_us * us, end, std::move(receipts)};
}

TEST(Receipts, TellOrderDuplicatesAndGaps) {
  Receipts r;
  EXPECT_EQ(r.arrived(1, 5), Arrival::in_order);
  EXPECT_EQ(r.arrived(1, 6), Arrival::in_order);
  EXPECT_EQ(r.arrived(2, 1), Arrival::in_order);
  EXPECT_EQ(r.arrived(1, 9), Arrival::in_order);
  EXPECT_EQ(r.arrived(1, 8), Arrival::out_of_order);
  EXPECT_EQ(r.arrived(1, 8), Arrival::duplicate);
  EXPECT_EQ(r.arrived(1, 9), Arrival::duplicate);
  EXPECT_EQ(r.arrived(1, 3), Arrival::out_of_order);  // before the first seen
  ASSERT_EQ(r.list().size(), 2u);
  EXPECT_EQ(r.list()[0].within(0, 100), 5u);  // 3 5 6 8 9
  EXPECT_EQ(r.list()[0].within(4, 7), 2u);
}

TEST(Ledger, AMemberOfTheWholeRunIsOwedEverything) {
  EXPECT_EQ(settle(stream(100), member(0, 1e6, Membership::End::run_end, {{1, 1, 100, {}}})),
            (Deliveries{.expected = 100, .received = 100}));
  EXPECT_EQ(settle(stream(100), member(0, 1e6, Membership::End::run_end, {{1, 1, 99, {{5, 6}}}})),
            (Deliveries{.expected = 100, .received = 97, .lost = 3}));
  EXPECT_EQ(settle(stream(100), member(0, 1e6, Membership::End::run_end, {})), (Deliveries{.expected = 100, .lost = 100}));
}

TEST(Ledger, WhatWasSentBeforeTheJoinReplyIsNotOwedButCounts) {
  // joined at 50.5 ms: messages from 51 on are owed; 50 was handled by the server after the join
  EXPECT_EQ(settle(stream(100), member(50'500, 1e6, Membership::End::run_end, {{1, 50, 100, {}}})),
            (Deliveries{.expected = 51, .received = 51, .uncertain = 1}));
  EXPECT_EQ(settle(stream(100), member(50'500, 1e6, Membership::End::run_end, {{1, 51, 100, {}}})),
            (Deliveries{.expected = 50, .received = 50}));
  EXPECT_EQ(settle(stream(100), member(50'500, 1e6, Membership::End::run_end, {{1, 52, 100, {}}})),
            (Deliveries{.expected = 50, .received = 49, .lost = 1}));
}

TEST(Ledger, AfterLeavingOnlyWhatTheServerHadHandledIsOwed) {
  // phx_leave at 50.05 ms: message 50 was sent before, but its own copy came at 50.1 ms, so the server may have seen the leave first
  EXPECT_EQ(settle(stream(100), member(0, 50'050, Membership::End::left, {{1, 1, 49, {}}})), (Deliveries{.expected = 49, .received = 49}));
  EXPECT_EQ(settle(stream(100), member(0, 50'050, Membership::End::left, {{1, 1, 50, {}}})),
            (Deliveries{.expected = 50, .received = 50, .uncertain = 1}));
  EXPECT_EQ(settle(stream(100), member(0, 50'150, Membership::End::left, {{1, 1, 49, {}}})),
            (Deliveries{.expected = 50, .received = 49, .lost = 1}));
}

TEST(Ledger, WithALostConnectionTheTailIsNotOwed) {
  EXPECT_EQ(settle(stream(100), member(0, 80'000, Membership::End::lost, {{1, 1, 60, {{7, 7}}}})),
            (Deliveries{.expected = 60, .received = 59, .lost = 1}));
}

TEST(Ledger, WhatALostPublisherHadUnderWayIsUncertain) {
  StreamLog log = stream(10);
  log.add(11'000 * us);
  log.add(12'000 * us);
  log.void_unconfirmed();
  log.add(20'000 * us);
  log.confirm(13, 20'100 * us);
  EXPECT_EQ(settle(log, member(0, 1e6, Membership::End::run_end, {{1, 1, 13, {{12, 12}}}})),
            (Deliveries{.expected = 12, .received = 12, .uncertain = 1}));
}

TEST(Ledger, OtherTopicsAreNotOwed) {
  Ledger ledger;
  ledger.streams.push_back(stream(10));
  ledger.memberships.push_back({"other", 0, 1'000'000'000, Membership::End::run_end, {}});
  EXPECT_TRUE(ledger.reconcile().empty());
}

TEST(Ledger, GoesThroughJsonWithAnotherZero) {
  Ledger ledger;
  ledger.streams.push_back(stream(5));
  ledger.streams.back().voids = {{2, 3}};
  ledger.memberships.push_back(member(1, 2000, Membership::End::left, {{1, 1, 4, {{2, 2}}}}));
  ledger.seen["t"].duplicate = 3;
  const auto back = Ledger::from_json(ledger.to_json(500));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->streams[0].sent[0], 1000 * us - 500);
  EXPECT_EQ(back->reconcile(), ledger.reconcile());
  EXPECT_FALSE(Ledger::from_json(phx::obj("streams", 3)));
}

}  // namespace
