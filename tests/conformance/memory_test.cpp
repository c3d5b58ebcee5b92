#include "conformance/golden_cases.hpp"
#include "conformance/memory_host.hpp"

// tests/golden against the server's machines on wires in memory: the same bytes as over TCP, every difference repeatable.

namespace phx::conformance {
namespace {

class GoldenInMemory : public ::testing::TestWithParam<GoldenCase> {};

TEST_P(GoldenInMemory, Plays) {
  MemoryHost host;
  play(host, GetParam());
}

// Each byte alone: decoders and parsers must not depend on where a read ends.
TEST_P(GoldenInMemory, PlaysByteByByte) {
  MemoryHost host({.chunking = testing::Chunking::one_byte});
  play(host, GetParam());
}

PHX_GOLDEN_FILES(GoldenInMemory);

}  // namespace
}  // namespace phx::conformance
