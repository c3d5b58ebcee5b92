// Feeds a fuzz target its corpus, each file also cut short at every position (the first 256) and with one byte changed.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

int feed(const std::string& input) { return LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size()); }

TEST(FuzzCorpus, ReplaysWithoutFinding) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PHXKIT_CORPUS_DIR)) {
    SCOPED_TRACE(entry.path().filename());
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(in), {}};
    ASSERT_EQ(feed(whole), 0);
    for (std::size_t n = 0; n != std::min<std::size_t>(whole.size(), 256); ++n) {
      ASSERT_EQ(feed(whole.substr(0, n)), 0);
      auto changed = whole;
      changed[n] = static_cast<char>(changed[n] ^ 0x20);
      ASSERT_EQ(feed(changed), 0);
    }
    ++files;
  }
  EXPECT_GT(files, 0u);
}

}  // namespace
