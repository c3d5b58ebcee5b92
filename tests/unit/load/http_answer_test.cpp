#include <gtest/gtest.h>
#include <phx/load/http_answer.hpp>

namespace {

using phx::load::HttpAnswer;
using State = HttpAnswer::State;

const std::string plain = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const std::string chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nt: v\r\n\r\n";

TEST(HttpAnswer, ReadsBothFormsSplitAtEveryPosition) {
  for (const std::string& text : {plain, chunked, "HTTP/1.1 100 Continue\r\n\r\n" + plain}) {
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      HttpAnswer answer;
      std::string_view first = std::string_view(text).substr(0, cut), second = std::string_view(text).substr(cut);
      const auto early = answer.feed(first);
      ASSERT_EQ(early == State::complete, cut == text.size()) << cut;
      if (early != State::complete) { ASSERT_EQ(answer.feed(second), State::complete) << cut; }
      EXPECT_EQ(answer.body(), "hello");
      EXPECT_EQ(answer.status(), 200);
      EXPECT_TRUE(answer.keeps_alive());
    }
  }
}

TEST(HttpAnswer, LeavesTheNextAnswerAlone) {
  const std::string two = plain + chunked;
  std::string_view in = two;
  HttpAnswer answer;
  EXPECT_EQ(answer.feed(in), State::complete);
  EXPECT_EQ(in, chunked);
  answer.reset();
  EXPECT_EQ(answer.feed(in), State::complete);
  EXPECT_TRUE(in.empty());
}

TEST(HttpAnswer, EndsWithTheConnectionWithoutALength) {
  std::string_view in = "HTTP/1.0 200 OK\r\n\r\nall of it";
  HttpAnswer answer;
  EXPECT_EQ(answer.feed(in), State::more);
  EXPECT_EQ(answer.finish(), State::complete);
  EXPECT_EQ(answer.body(), "all of it");
  EXPECT_FALSE(answer.keeps_alive());
}

TEST(HttpAnswer, RefusesWhatIsNoAnswer) {
  for (std::string_view in :
       {"SMTP ready\r\n", "HTTP/1.1 abc\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", "HTTP/1.1 200 OK\r\nnonsense\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"}) {
    HttpAnswer answer;
    const std::string_view whole = in;
    EXPECT_EQ(answer.feed(in), State::broken) << whole;
  }
  const std::string long_head = "HTTP/1.1 200 OK\r\nx: " + std::string(70'000, 'y');
  std::string_view in = long_head;
  HttpAnswer answer;
  EXPECT_EQ(answer.feed(in), State::broken);
}

}  // namespace
