#pragma once

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace phx::testing {

struct Failure {
  std::string message = {};
  int line = 0;
  int count = 0;
};

/// What an assertion says when it fails, and at which line; the test goes on.
inline Failure failure_of(const std::function<void()>& assertion) {
  ::testing::TestPartResultArray results;
  {
    ::testing::ScopedFakeTestPartResultReporter reporter(::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD,
                                                         &results);
    try {
      assertion();
    } catch (const ::testing::AssertionException&) {}
  }
  Failure out{.count = results.size()};
  if (results.size() > 0) {
    out.message = results.GetTestPartResult(0).message();
    out.line = results.GetTestPartResult(0).line_number();
  }
  return out;
}

}  // namespace phx::testing
