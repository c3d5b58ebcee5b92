#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "support/golden.hpp"

namespace phx::golden {
namespace {

using namespace std::chrono_literals;

const Case& find(const std::vector<Case>& cases, std::string_view name) {
  for (const auto& one : cases) {
    if (one.name == name) return one;
  }
  throw std::out_of_range(std::string(name));
}

TEST(GoldenLoader, ReadsEveryTranscript) {
  for (const auto* file : {"bad_frames", "close", "connect", "http_rest", "longpoll", "presence", "v1", "v2_binary", "v2_join",
                           "v2_lifecycle", "v2_messages", "ws_protocol", "tokens", "session_cookie"}) {
    const auto cases = load(file);
    EXPECT_FALSE(cases.empty()) << file;
    for (const auto& one : cases) EXPECT_FALSE(one.name.empty()) << file;
  }
  EXPECT_THROW(load("missing"), std::runtime_error);
}

TEST(GoldenLoader, TellsTheKindsOfSteps) {
  const auto cases = load("v2_binary");
  const auto& steps = find(cases, "binary_stale_join_ref").steps;
  ASSERT_EQ(steps.size(), 5u);
  EXPECT_EQ(steps[0].kind, Step::Kind::connect);
  EXPECT_EQ(steps[1].kind, Step::Kind::send);
  EXPECT_EQ(steps[2].kind, Step::Kind::recv);
  EXPECT_EQ(steps[3].opcode(), core::Opcode::binary);
  EXPECT_EQ(steps[3].data.substr(0, 5), std::string("\x00\x02\x01\x08\x03", 5));
  EXPECT_EQ(steps[4].kind, Step::Kind::nothing_more);
  EXPECT_EQ(steps[4].conn, "A");
  EXPECT_EQ(steps[4].wait, 200ms);
}

TEST(GoldenLoader, KnowsTheVsnOfAConnection) {
  const auto cases = load("v1");
  EXPECT_EQ(find(cases, "v1_no_vsn").vsn("A"), 1);
  EXPECT_EQ(find(cases, "v1_v2_mixed_broadcast").vsn("A"), 1);
  EXPECT_EQ(find(cases, "v1_v2_mixed_broadcast").vsn("B"), 2);
}

TEST(GoldenLoader, ExpandsLongTexts) {
  EXPECT_EQ(expand_parts(Json::parse(R"(["a",["bc",2],"d"])")), "abcbcd");
  EXPECT_EQ(expand_parts(Json::parse(R"({"template":"<%d>","from":9,"to":11,"join":","})")), "<9>,<10>,<11>");
  EXPECT_EQ(find(load("bad_frames"), "text_deep").steps[1].data.size(), 4038u);
}

TEST(GoldenLoader, ExpandsRequests) {
  const auto cases = load("http_rest");
  EXPECT_EQ(find(cases, "long_uri").exchanges.at(0).path.size(), std::string("/api/v1/echo?a=").size() + 11'000);
  EXPECT_EQ(find(cases, "too_large").exchanges.at(0).body.size(), 120'000 + std::string(R"({"a":""})").size());
  EXPECT_EQ(find(cases, "long_header").exchanges.at(0).request.at("headers").at("x-long").get<std::string>().size(), 12'000u);
  EXPECT_EQ(find(cases, "many_headers").exchanges.at(0).request.at("headers").at("x-h59"), "1");
}

TEST(GoldenLoader, ReadsHex) {
  EXPECT_EQ(from_hex("00ff41"), std::string("\x00\xff\x41", 3));
  EXPECT_EQ(to_hex(from_hex("00ff41")), "00ff41");
  EXPECT_THROW(from_hex("0"), std::invalid_argument);
  EXPECT_THROW(from_hex("zz"), std::invalid_argument);
}

}  // namespace
}  // namespace phx::golden
