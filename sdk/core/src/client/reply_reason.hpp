#pragma once

#include <phx/core/envelope.hpp>

namespace phx::core {

/// An error reply that the transport gave because the topic has no channel on the server (D-19; golden v2_join/join_unmatched).
bool says_unmatched_topic(const ReplyView& reply);

}  // namespace phx::core
