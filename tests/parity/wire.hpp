#pragma once

#include <cstdint>

#include <phx/core/client/effects.hpp>

namespace phx::parity {

/// One transport of the game: its state is what a WebSocket's readyState says. Twin of fake_websocket.mjs.
struct Wire {
  enum class State : std::uint8_t { connecting, open, closing, closed };
  core::Generation generation{};
  State state = State::connecting;
};

}  // namespace phx::parity
