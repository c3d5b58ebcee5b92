#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "conformance/player.hpp"

namespace phx::conformance {

/// A case and the file it is from; prints as `v2_join/join_ok`.
struct GoldenCase {
  std::string file;
  golden::Case which;

  friend std::ostream& operator<<(std::ostream& out, const GoldenCase& c) { return out << c.file << "/" << c.which.name; }
};

inline std::vector<GoldenCase> golden_cases(const std::string& file) {
  std::vector<GoldenCase> out;
  for (golden::Case& which : golden::load(file)) out.push_back({file, std::move(which)});
  return out;
}

inline std::string case_name(const ::testing::TestParamInfo<GoldenCase>& info) { return info.param.which.name; }

/// One gtest: plays the case.
inline void play(Host& host, const GoldenCase& c) {
  try {
    Player(host).play(c.which);
  } catch (const std::runtime_error& difference) { FAIL() << "golden " << c << " (" << c.which.description << "): " << difference.what(); }
}

}  // namespace phx::conformance

/// Every case of every file as a test of the given suite: `v2_join/<suite>.Plays/join_ok`.
#define PHX_GOLDEN_FILE(suite, file) INSTANTIATE_TEST_SUITE_P(file, suite, ::testing::ValuesIn(golden_cases(#file)), case_name)
#define PHX_GOLDEN_FILES(suite)         \
  PHX_GOLDEN_FILE(suite, v2_join);      \
  PHX_GOLDEN_FILE(suite, v2_messages);  \
  PHX_GOLDEN_FILE(suite, v2_lifecycle); \
  PHX_GOLDEN_FILE(suite, v2_binary);    \
  PHX_GOLDEN_FILE(suite, bad_frames);   \
  PHX_GOLDEN_FILE(suite, v1);           \
  PHX_GOLDEN_FILE(suite, ws_protocol);  \
  PHX_GOLDEN_FILE(suite, presence);     \
  PHX_GOLDEN_FILE(suite, close);        \
  PHX_GOLDEN_FILE(suite, connect);      \
  PHX_GOLDEN_FILE(suite, longpoll);     \
  PHX_GOLDEN_FILE(suite, http_rest)
