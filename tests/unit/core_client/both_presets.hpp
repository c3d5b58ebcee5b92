#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "scripted_socket.hpp"

namespace phx::core {

/// A test that holds under the default policy and under compat::phoenix_js(); `js()` where a departure makes a difference.
class BothPresets : public testing::TestWithParam<Preset> {
 protected:
  ScriptedSocket s{GetParam().policy};
  static bool js() { return GetParam().js; }

  /// Counts the runs of a hook of that status.
  template <class Id>
  const int* counting(Id id, std::string status) {
    int* n = &counters_.emplace_back(0);
    s.receive(id, std::move(status), [n] { ++*n; });
    return n;
  }

 private:
  std::deque<int> counters_;
};

}  // namespace phx::core

#define PHX_BOTH_PRESETS(suite)                                                                                             \
  INSTANTIATE_TEST_SUITE_P(Presets, suite, testing::Values(::phx::core::phxkit_preset(), ::phx::core::phoenix_js_preset()), \
                           [](const auto& preset) { return std::string(preset.param.name); })
