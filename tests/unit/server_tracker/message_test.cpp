// Messages between tracker replicas: what is written is read, and nothing else.

#include <gtest/gtest.h>

#include <phx/core/etf.hpp>

#include <phx/server/tracker_message.hpp>

#include "entries.hpp"

namespace phx::server::test {
namespace {

using core::etf::Term;
constexpr std::uint64_t huge = ~std::uint64_t{0};

std::shared_ptr<const TrackerDelta> sample(bool whole) {
  auto a = state_of("a", {"b"});
  a.join(entry(huge, "room:ä", std::string("k\0\xFF", 3), obj("name", "Ada", "n", 1.5)));
  a.join(entry(2, "lobby", "k2"));
  a.leave(2);
  return std::make_shared<const TrackerDelta>(whole ? a.extract(ref("b"), {{ref("a"), 0}, {ref("b"), 0}}) : a.take_delta());
}

std::vector<TrackerMessage> samples() {
  const Clocks clocks{{ref("a"), 3}, {ref("b", huge), 0}};
  return {TrackerHeartbeat{ref("a", 7), clocks, nullptr}, TrackerHeartbeat{ref("a"), {}, sample(false)},
          TransferRequest{ref("b"), huge, clocks},        TransferAck{ref("a"), 1, sample(true)},
          TransferAck{ref("a"), 2, sample(false)},        GracefulPermdown{ref("a", huge)}};
}

std::error_code refusal(const Term& term) {
  const auto message = decode_tracker_message(core::etf::encode(term));
  return message ? std::error_code() : message.error();
}

Term run_of(std::vector<Term> cloud, std::vector<Term> values = {}, Term range = Term::tuple({0, 3}), Term context = 0) {
  auto part = Term::tuple({"a", 1, std::move(context), std::move(range), Term::list(std::move(cloud)), Term::list(std::move(values))});
  return Term::tuple({1, 3, "a", 1, 9, Term::tuple({false, Term::list({std::move(part)})})});
}

TEST(TrackerMessages, AreReadAsTheyWereWritten) {
  for (const auto& message : samples()) {
    const auto bytes = encode_tracker_message(message);
    const auto read = decode_tracker_message(bytes);
    ASSERT_TRUE(read) << message.index();
    EXPECT_EQ(read->index(), message.index());
    EXPECT_EQ(sender_of(*read), sender_of(message));
    EXPECT_EQ(encode_tracker_message(*read), bytes);
  }
}

TEST(TrackerMessages, CarryEverythingOfAPresence) {
  const auto read = decode_tracker_message(encode_tracker_message(TransferAck{ref("a"), 1, sample(false)}));
  const auto& part = std::get<TransferAck>(*read).data->parts.at(ref("a"));
  EXPECT_EQ(part.range, (TickRange{0, 3}));
  EXPECT_EQ(part.cloud.size(), 3U);
  const auto& e = *part.values.at(1);
  EXPECT_EQ(e.actor, huge);
  EXPECT_EQ(e.topic, "room:ä");
  EXPECT_EQ(e.key, std::string("k\0\xFF", 3));
  EXPECT_EQ(*e.meta, obj("name", "Ada", "n", 1.5));
}

TEST(TrackerMessages, CutShortAnywhereIsRefused) {
  for (const auto& message : samples()) {
    const auto bytes = encode_tracker_message(message);
    for (std::size_t n = 0; n != bytes.size(); ++n) EXPECT_FALSE(decode_tracker_message(bytes.substr(0, n))) << n;
  }
}

TEST(TrackerMessages, OtherShapesAreRefused) {
  EXPECT_FALSE(refusal(run_of({1, 1, 3, 3}, {1, 5, "t", "k", "{}"})));
  const auto bad = make_error_code(Errc::bad_envelope);
  for (const auto& term : {Term("x"),
                           Term::tuple({}),
                           Term::tuple({2, 4, "a", 1}),
                           Term::tuple({1, 5, "a", 1}),
                           Term::tuple({1, huge, "a", 1}),
                           Term::tuple({1, 4, "", 1}),
                           Term::tuple({1, 4, "a", -1}),
                           Term::tuple({1, 4, "a", 1, 1}),
                           Term::tuple({1, 2, "a", 1, 1}),
                           Term::tuple({1, 2, "a", 1, 1, Term::list({Term::tuple({"b", 1, 1}), Term::tuple({"a", 1, 1})})}),  // descending
                           Term::tuple({1, 2, "a", 1, 1, Term::list({Term::tuple({"a", 1, huge})})}),                         // no tick
                           Term::tuple({1, 3, "a", 1, 1, Term()}),
                           run_of({1}),
                           run_of({0, 1}),
                           run_of({2, 1}),
                           run_of({1, 2, 3, 3}),
                           run_of({3, 3, 1, 1}),
                           run_of({1, 1}, {1, 5, "t", "k"}),
                           run_of({1, 1}, {2, 5, "t", "k", "{}"}),  // not covered
                           run_of({1, 2}, {2, 5, "t", "k", "{}", 1, 5, "t", "l", "{}"}),
                           run_of({1, 1}, {}, Term::tuple({2, 1})),
                           run_of({1, 1}, {}, Term(), 1)})  // a context in a delta
    EXPECT_EQ(refusal(term), bad);
  for (const auto* meta : {"", "[]", "1", "{", "{\"a\":\"\xFF\"}"})
    EXPECT_EQ(refusal(run_of({1, 1}, {1, 5, "t", "k", meta})), make_error_code(Errc::bad_json)) << meta;
}

TEST(TrackerMessages, LimitsHold) {
  const auto bytes = encode_tracker_message(TransferAck{ref("a"), 1, sample(true)});
  const auto too_large = make_error_code(Errc::message_too_large);
  EXPECT_EQ(decode_tracker_message(bytes, {.max_bytes = bytes.size() - 1}).error(), too_large);
  EXPECT_EQ(decode_tracker_message(bytes, {.max_terms = 10}).error(), too_large);
  EXPECT_TRUE(decode_tracker_message(bytes, {.max_bytes = bytes.size(), .max_terms = 100}));
  Term deep = Term::list({});
  for (int i = 0; i != 20; ++i) deep = Term::list({deep});
  EXPECT_EQ(refusal(deep), too_large);
}

// A run costs the same whatever it spans, so nobody can make us count to 2^63.
TEST(TrackerMessages, HugeRunsAreCheap) {
  const auto message = decode_tracker_message(core::etf::encode(run_of({1, std::int64_t{0x7fffffffffffffff}})));
  ASSERT_TRUE(message);
  auto b = state_of("b", {"a"});
  EXPECT_TRUE(b.merge(*std::get<TransferAck>(*message).data).empty());
  EXPECT_EQ(b.clocks().at(ref("a")), 0x7fffffffffffffffU);
}

}  // namespace
}  // namespace phx::server::test
