#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "conformance/golden_cases.hpp"
#include "conformance/memory_host.hpp"

// The player must notice: each of these recordings is changed in one place.

namespace phx::conformance {
namespace {

golden::Case find(const std::string& file, const std::string& name) {
  for (golden::Case& which : golden::load(file)) {
    if (which.name == name) return which;
  }
  throw std::invalid_argument("no case " + file + "/" + name);
}

std::string difference(const golden::Case& which) {
  MemoryHost host;
  try {
    Player(host).play(which);
  } catch (const std::runtime_error& e) { return e.what(); }
  return "";
}

TEST(Player, FindsNoDifferenceInTheRecording) { EXPECT_EQ(difference(find("v2_join", "join_ok")), ""); }

TEST(Player, NoticesAnotherPayload) {
  golden::Case changed = find("v2_join", "join_ok");
  changed.steps.back().data = R"(["1","1","room:lobby","phx_reply",{"response":{"a":1},"status":"ok"}])";
  EXPECT_NE(difference(changed).find("got [\"1\",\"1\""), std::string::npos);
}

TEST(Player, NoticesARefOfAnotherType) {
  golden::Case changed = find("v2_join", "join_ok");
  changed.steps.back().data = R"(["1",1,"room:lobby","phx_reply",{"response":{},"status":"ok"}])";
  EXPECT_NE(difference(changed), "");
}

TEST(Player, NoticesAMissingFrame) {
  golden::Case changed = find("v2_join", "join_ok");
  changed.steps.push_back(changed.steps.back());
  EXPECT_NE(difference(changed).find("nothing came"), std::string::npos);
}

TEST(Player, NoticesAFrameTooMany) {
  golden::Case changed = find("v2_join", "join_ok");
  changed.steps.pop_back();
  EXPECT_NE(difference(changed).find("expected nothing more"), std::string::npos);
}

TEST(Player, NoticesAnotherOrder) {
  golden::Case changed = find("v2_lifecycle", "duplicate_join");
  std::size_t close = 0;
  while (changed.steps[close].data.find("phx_close") == std::string::npos) ++close;
  std::swap(changed.steps[close - 1], changed.steps[close]);
  EXPECT_NE(difference(changed), "");
}

TEST(Player, NoticesAnotherCloseCode) {
  golden::Case changed = find("bad_frames", "text_malformed_json");
  for (golden::Step& step : changed.steps) {
    if (step.kind == golden::Step::Kind::recv && step.type == "close") step.json["code"] = 1002;
  }
  EXPECT_NE(difference(changed), "");
}

TEST(Player, NoticesAnotherHeader) {
  golden::Case changed = find("connect", "ok_v2");
  changed.steps.front().json["response"]["headers"][3][1] = "another";
  EXPECT_NE(difference(changed).find("expected header sec-websocket-accept"), std::string::npos);
}

TEST(Bindings, EqualPlaceholdersAreEqualValues) {
  Bindings bindings;
  EXPECT_TRUE(bindings.matches(Json{"<phx_ref:1>"}, Json{"abc"}));
  EXPECT_TRUE(bindings.matches(Json{"<phx_ref:1>"}, Json{"abc"}));
  EXPECT_FALSE(bindings.matches(Json{"<phx_ref:1>"}, Json{"xyz"}));
  EXPECT_FALSE(bindings.matches(Json{"<phx_ref:2>"}, Json{"abc"}));
  EXPECT_TRUE(bindings.matches(Json{"<phx_ref:2>"}, Json{"xyz"}));
}

}  // namespace
}  // namespace phx::conformance
