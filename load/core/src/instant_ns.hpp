#pragma once

#include <cstdint>

#include <phx/core/time.hpp>

namespace phx::load {

inline std::int64_t ns(Instant t) noexcept { return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count(); }
inline Instant instant(std::int64_t ns) noexcept { return Instant(std::chrono::nanoseconds(ns)); }

}  // namespace phx::load
