#include <gtest/gtest.h>

#include <vector>

#include <phx/server/conn.hpp>

#include "longpoll_body.hpp"

namespace phx::server::detail {
namespace {

std::vector<std::string> all(LongPollBody body) {
  std::vector<std::string> out;
  while (auto entry = body.next()) out.push_back((entry->op == core::Opcode::text ? "text:" : "binary:") + entry->bytes);
  return out;
}

int status_of_next(LongPollBody& body) {
  try {
    body.next();
  } catch (const HttpError& e) { return e.status(); }
  return 0;
}

using Entries = std::vector<std::string>;

TEST(LongPollBody, SplitsNdjsonAtNewlinesAndCrLf) {  // server.md 3.3, B34
  EXPECT_EQ(all({"[1]\n[2]\r\nYWJj", true}), (Entries{"text:[1]", "text:[2]", "binary:abc"}));
}

TEST(LongPollBody, TakesAnEmptyLineForAnEmptyBinaryMessage) {  // golden trailing_newline, empty_post
  EXPECT_EQ(all({"[1]\n", true}), (Entries{"text:[1]", "binary:"}));
  EXPECT_EQ(all({"", true}), (Entries{"binary:"}));
}

TEST(LongPollBody, IsOneTextOfAnyOtherType) {  // server.md 3.3, golden ndjson_with_charset
  EXPECT_EQ(all({"[1]\n[2]", false}), (Entries{"text:[1]\n[2]"}));
  EXPECT_EQ(all({"", false}), (Entries{"text:"}));
}

TEST(LongPollBody, IgnoresWhatFollowsTheHundredthEntry) {  // A3 70
  std::string body = "[]";
  for (int i = 1; i < 100; ++i) body += "\n[]";
  EXPECT_EQ(all({body, true}).size(), 100u);
  EXPECT_EQ(all({body + "\n!\n[]", true}).size(), 100u);
}

TEST(LongPollBody, ReadsNothingBehindABadEntryButAllBefore) {  // golden bad_base64, vsn_v1_ndjson
  LongPollBody body("[1]\n{\"x\":1}", true);
  EXPECT_TRUE(body.next());
  EXPECT_EQ(status_of_next(body), 500);
}

TEST(LongPollBody, RefusesBase64WithoutPaddingAndBeyondTheLimit) {  // server.md 3.3
  LongPollBody unpadded("YQ", true);
  EXPECT_EQ(status_of_next(unpadded), 500);
  LongPollBody largest(std::string(10'000'000, 'A'), true);
  EXPECT_EQ(largest.next()->bytes.size(), 7'500'000u);
  LongPollBody larger(std::string(10'000'004, 'A'), true);
  EXPECT_EQ(status_of_next(larger), 400);
}

}  // namespace
}  // namespace phx::server::detail
