#pragma once

#include <cstddef>
#include <cstdint>

/// What encoder and decoder of tracker messages agree on.
namespace phx::server::wire {

inline constexpr int version = 1;
inline constexpr std::size_t terms_per_value = 5;
enum class Kind { heartbeat = 1, transfer_request, transfer_ack, graceful_permdown };

}  // namespace phx::server::wire
