#include "conformance/golden_cases.hpp"
#include "conformance/tcp_host.hpp"

// tests/golden over real sockets against the endpoint with the fixture application: a server of its own for every case.
// The pauses and silences of the recordings are kept, so this takes real time.

namespace phx::conformance {
namespace {

class Golden : public ::testing::TestWithParam<GoldenCase> {};

TEST_P(Golden, Plays) {
  InProcessHost host;
  play(host, GetParam());
}

PHX_GOLDEN_FILES(Golden);

}  // namespace
}  // namespace phx::conformance
