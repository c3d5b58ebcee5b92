// Joins, leaves, refs: server.md 5.
#include "bench.hpp"
#include "checks.hpp"

namespace phx::conformance {
namespace {

void join_ok(Bench& b) {
  Client c = b.connect();
  c.send(R"("7")", R"("9")", b.is().topic, "phx_join", b.is().join_payload);
  const Message m = c.reply(R"("9")", "join");
  expect_equal(m.status, "ok", "status");
  expect_equal(m.join_ref, R"("7")", "join_ref of the reply");
  expect_equal(m.topic, b.is().topic, "topic of the reply");
}

void join_refused(Bench& b) {
  need(!b.is().refused_topic.empty(), "no refused_topic");
  Client c = b.connect();
  c.send(R"("1")", R"("1")", b.is().refused_topic, "phx_join", b.is().join_payload);
  const Message m = c.reply(R"("1")", "refused join");
  expect_equal(m.status, "error", "status");
  expect_equal(m.join_ref, R"("1")", "join_ref of the reply");
  c.silence("after a refused join (no phx_close, no phx_error)");
}

void join_unmatched(Bench& b) {
  Client c = b.connect();
  c.send(R"("1")", R"("2")", b.is().unmatched_topic, "phx_join");
  const Message m = c.reply(R"("2")", "join of a topic without channel");
  expect_equal(m.status, "error", "status");
  expect_equal(m.payload, obj("reason", "unmatched topic"), "response");
  expect_equal(m.join_ref, null, "join_ref of the reply");
}

void join_twice(Bench& b) {
  Client c = b.connect();
  c.join(R"("6")", b.is().topic);
  c.send(R"("7")", R"("7")", b.is().topic, "phx_join", b.is().join_payload);
  const Message m = c.reply(R"("7")", "second join of the topic");  // the new reply comes before the old close
  expect_equal(m.status, "ok", "status of the second join");
  const Message closed = c.next("phx_close of the first join");
  expect_equal(closed.event, "phx_close", "event after the second join's reply");
  expect_equal(closed.join_ref, R"("6")", "join_ref of phx_close");
}

void join_many(Bench& b) {
  need(b.is().max_channels > 0, "max_channels is 0");
  Client c = b.connect();
  for (std::size_t i = 0; i <= b.is().max_channels; ++i) {
    const std::string ref = "\"" + std::to_string(i + 1) + "\"";
    c.send(ref, ref, b.is().topic + "-" + std::to_string(i), "phx_join", b.is().join_payload);
    const Message m = c.reply(ref, "join " + std::to_string(i + 1));
    if (i < b.is().max_channels) {
      expect_equal(m.status, "ok", "status of join " + std::to_string(i + 1));
    } else {
      expect_equal(m.payload, obj("reason", "too many channels joined"), "response to one join too many");
    }
  }
}

void leave_order(Bench& b) {
  Client c = b.connect();
  c.join(R"("1")", b.is().topic);
  c.send(R"("1")", R"("2")", b.is().topic, "phx_leave");
  const Message m = c.reply(R"("2")", "leave");
  expect_equal(m.status, "ok", "status");
  expect_equal(m.payload, Json::object(), "response");
  const Message closed = c.next("phx_close after leave");
  expect_equal(closed.event, "phx_close", "event after the leave's reply");
  expect_equal(closed.ref, R"("1")", "ref of phx_close (the join_ref)");
  expect_equal(closed.payload, Json::object(), "payload of phx_close");
}

void leave_not_joined(Bench& b) {
  Client c = b.connect();
  c.send(R"("1")", R"("2")", b.is().topic, "phx_leave");
  const Message m = c.reply(R"("2")", "leave of a topic that is not joined");
  expect_equal(m.status, "ok", "status");
}

void leave_stale(Bench& b) {
  Client c = b.connect();
  c.join(R"("1")", b.is().topic);
  c.send(R"("0")", R"("2")", b.is().topic, "phx_leave");
  c.silence("leave with the join_ref of another join");
}

void rejoin(Bench& b) {
  Client c = b.connect();
  c.join(R"("1")", b.is().topic);
  c.send(R"("1")", R"("2")", b.is().topic, "phx_leave");
  c.reply(R"("2")", "leave");
  c.next("phx_close");
  c.join(R"("3")", b.is().topic);
}

void not_joined(Bench& b) {
  Client c = b.connect();
  c.send(null, R"("5")", b.is().topic, "conformance_event");
  const Message m = c.reply(R"("5")", "push to a topic that is not joined");
  expect_equal(m.status, "error", "status");
  expect_equal(m.payload, obj("reason", "unmatched topic"), "response");
  expect_equal(m.join_ref, null, "join_ref of the reply");
}

void crash(Bench& b) {
  need(!b.is().crash_event.empty(), "no crash_event");
  Client c = b.connect();
  c.join(R"("1")", b.is().topic);
  c.join(R"("2")", b.is().topic + "-other");
  c.send(R"("1")", R"("3")", b.is().topic, b.is().crash_event);
  const Message m = c.next("phx_error of a channel that crashed");
  expect_equal(m.event, "phx_error", "event after the crash");
  expect_equal(m.topic, b.is().topic, "topic of phx_error");
  expect_equal(m.join_ref, R"("1")", "join_ref of phx_error");
  expect_equal(m.ref, R"("1")", "ref of phx_error (the join_ref)");
  c.send(R"("1")", R"("4")", b.is().topic, "conformance_event");
  expect_equal(c.reply(R"("4")", "push to a crashed channel").payload, obj("reason", "unmatched topic"), "response");
  c.send(R"("2")", R"("5")", b.is().topic + "-other", "phx_leave");
  expect_equal(c.reply(R"("5")", "leave of another channel, which goes on").status, "ok", "status");
  c.next("phx_close of the other channel");
  c.join(R"("6")", b.is().topic);
}

}  // namespace

std::vector<Check> channel_checks() {
  return {
      {"join.ok", "server.md 5.3", "a join is answered ok with its join_ref, ref and topic", join_ok},
      {"join.refused", "server.md 5.3", "a refused join is answered error, and nothing else follows", join_refused},
      {"join.unmatched", "server.md 5.1 #2", "a topic without channel: error 'unmatched topic', join_ref null", join_unmatched},
      {"join.duplicate", "server.md 5.4", "a second join replaces the first: its reply, then phx_close of the old one", join_twice},
      {"join.limit", "server.md 5.1 #3", "one channel too many is refused with 'too many channels joined'", join_many},
      {"join.again", "server.md 5.5", "a topic can be joined again after leaving", rejoin},
      {"leave.order", "server.md 5.5", "leave: reply ok {}, then phx_close with join_ref as ref", leave_order},
      {"leave.not_joined", "server.md 5.1 #10", "leaving what is not joined is answered ok", leave_not_joined},
      {"leave.stale", "server.md 5.1 #7", "leave with another join's join_ref is ignored", leave_stale},
      {"channel.crash", "server.md 5.6", "a crash ends its channel only: phx_error with join_ref as ref, then it can be joined again",
       crash},
      {"push.not_joined", "server.md 5.1 #11", "a push to a topic that is not joined: error 'unmatched topic'", not_joined},
  };
}

}  // namespace phx::conformance
