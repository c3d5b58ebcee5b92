#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include <phx/core/key_generator.hpp>
#include <phx/core/time.hpp>
#include <phx/core/token.hpp>
#include <phx/server/transport_options.hpp>

namespace phx::server {

/// Options of the long-poll transport of a mount (server.md 1.2, 3); defaults are Phoenix's, the bounds at the end are ours.
struct LongPollOptions : TransportOptions {
  std::string path = "/longpoll";
  Duration window = std::chrono::seconds(10);         ///< how long a poll waits, and a message for its acknowledgement
  Duration pubsub_timeout = std::chrono::seconds(2);  ///< how long a session is looked for before it counts as gone
  core::MaxAge token_max_age = 1'209'600;             ///< of session tokens: 14 days
  core::KeyOptions token_key;
  std::size_t max_queue_bytes = 8u << 20;  ///< a session whose client lets more than this wait ends
  std::size_t max_sessions = 100'000;      ///< per worker; further ones get status 500 in the body
};

}  // namespace phx::server
