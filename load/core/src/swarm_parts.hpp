#pragma once

#include <phx/core/client/longpoll_core.hpp>
#include <phx/load/http_answer.hpp>
#include <phx/load/swarm.hpp>

#include "instant_ns.hpp"

namespace phx::load {

inline constexpr Instant never = Instant::max();

/// A push of one topic and profile, encoded once; join_ref, ref and stamp are filled in at these places (npos: not there).
struct Swarm::Prepared {
  std::string text;
  std::size_t join_ref = std::string::npos, ref = std::string::npos, stamp = std::string::npos;
};

struct Swarm::Topic {
  std::string name;
  std::string prefix;  // of the last stamped broadcast, up to the stamp: the next one of this topic most likely begins so
  std::unordered_map<std::uint16_t, Prepared> prepared;  // by profile
  Deliveries* seen = nullptr;
};

/// A long-polling user: the session, and two HTTP connections.
struct User::Poll {
  explicit Poll(core::LongPollOptions options) : core(std::move(options)) {}
  core::LongPollCore core;
  core::LongPollEffects effects;
  struct Lane {
    bool open = false, ready = false;
    core::LongPollRequestId pending{};  // waits for an answer
    std::string request;                // waits for the connection
    HttpAnswer answer;
  };
  std::array<Lane, 2> lanes;
};

}  // namespace phx::load
