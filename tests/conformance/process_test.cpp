#include <algorithm>

#include "conformance/golden_cases.hpp"
#include "conformance/tcp_host.hpp"

// The program fixture_server itself: what other languages' tests start.

namespace phx::conformance {
namespace {

void play(Host& host, const std::string& file, const std::string& name) {
  const auto cases = golden_cases(file);
  const auto which = std::find_if(cases.begin(), cases.end(), [&](const GoldenCase& c) { return c.which.name == name; });
  ASSERT_NE(which, cases.end());
  play(host, *which);
}

TEST(FixtureServer, SaysWhereItListensAndServes) {
  ProcessHost host(PHXKIT_BIN_DIR "/fixture_server");
  play(host, "v2_join", "join_ok");
  play(host, "v2_messages", "endpoint_broadcast");
}

// Issue 5, to show: golden http_rest passes on fixture_server.
TEST(FixtureServer, AnswersAllOfHttpRest) {
  ProcessHost host(PHXKIT_BIN_DIR "/fixture_server");
  for (const GoldenCase& c : golden_cases("http_rest")) play(host, c);
}

TEST(FixtureServer, DrainsOnSigterm) {
  ProcessHost host(PHXKIT_BIN_DIR "/fixture_server");
  EXPECT_EQ(host.terminate(), 0);
}

// golden close/server_drain: POST /control/stop ends the program as SIGTERM does.
TEST(FixtureServer, DrainsOnControlStop) {
  ProcessHost host(PHXKIT_BIN_DIR "/fixture_server");
  play(host, "close", "server_drain");
  EXPECT_EQ(host.terminate(), 0);
}

}  // namespace
}  // namespace phx::conformance
