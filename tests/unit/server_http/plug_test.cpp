#include <gtest/gtest.h>

#include <optional>

#include "peer.hpp"

namespace phx::server::test {
namespace {

struct Waiting {
  std::optional<Conn> conn;
  std::optional<Answer> answer;
};

Plug later_plug(const std::shared_ptr<Waiting>& waiting) {
  return [waiting](Conn conn) {
    conn.answer_later([waiting](Conn c, Answer a) {
      waiting->conn = std::move(c);
      waiting->answer = a;
    });
    return conn;
  };
}

Conn finish(Conn conn) {
  conn.send_resp(200, "late " + conn.path);
  return conn;
}

const std::string get = "GET /a HTTP/1.1\r\nhost: x\r\n\r\n";

TEST(Plug, LaterPlugsAreSkippedOnceHalted) {
  int calls = 0;
  const auto halt = [](Conn conn) {
    conn.send_resp(204);
    return conn;
  };
  const auto count = [&](Conn conn) {
    ++calls;
    return conn;
  };
  Peer peer({halt, count});
  peer.send(get);
  EXPECT_EQ(status_of(peer.take()), 204);
  EXPECT_EQ(calls, 0);
}

TEST(Plug, MayAnswerLaterAndTheChainGoesOnFromThere) {
  const auto waiting = std::make_shared<Waiting>();
  Peer peer({later_plug(waiting), finish});
  peer.send(get + get);  // the second one has to wait
  EXPECT_EQ(peer.take(), "");
  ASSERT_TRUE(waiting->answer);
  (*waiting->answer)(std::move(*waiting->conn));
  peer.turn();
  EXPECT_TRUE(peer.take().ends_with("late /a"));
  EXPECT_TRUE(waiting->answer->wanted()) << "the second request is in work";
}

TEST(Plug, ALateAnswerToAClosedConnectionIsHarmless) {
  const auto waiting = std::make_shared<Waiting>();
  {
    Peer peer({later_plug(waiting), finish});
    peer.send(get);
  }
  EXPECT_FALSE(waiting->answer->wanted());
  (*waiting->answer)(std::move(*waiting->conn));
}

TEST(Plug, MayAnswerInPlaceFromTheContinuation) {
  const auto now = [](Conn conn) {
    conn.answer_later([](Conn c, const Answer& answer) {
      c.send_resp(200, "now");
      answer(std::move(c));
    });
    return conn;
  };
  Peer peer({now});
  peer.send(get + get);
  const auto got = peer.take();
  EXPECT_NE(got.find("now", got.find("now") + 1), std::string::npos) << got;
}

TEST(Plug, ReadsNoFurtherThanABufferWhileAnAnswerIsAwaited) {
  const auto waiting = std::make_shared<Waiting>();
  Peer peer({later_plug(waiting)});
  peer.send(get);
  EXPECT_TRUE(peer.core().reads());
  peer.send(std::string(70'000, 'x'));
  EXPECT_FALSE(peer.core().reads());
}

}  // namespace
}  // namespace phx::server::test
