#pragma once

#include <chrono>

namespace phx {

/// Monotonic time as an argument: machines take `Instant now` and give `next_deadline()`. Only `main`, the I/O shells
/// and the test clock know what time it is.
using Instant = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

}  // namespace phx
