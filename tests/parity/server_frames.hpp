#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <phx/core/envelope.hpp>

namespace phx::parity {

/// A frame that a client sent, or the names of one that the scripted server sends. Refs are raw tokens.
struct FrameNames {
  std::string join_ref{core::null_token};
  std::string ref{core::null_token};
  std::string topic;
  std::string event;
  std::size_t wire = 0;  // that carried it
};

// What the scripted server says, as bytes. Twin of server_frames.mjs.
struct ServerFrame {
  core::Opcode opcode = core::Opcode::text;
  std::string bytes;
};

ServerFrame reply_frame(const FrameNames& to, std::string_view status, std::string_view response, bool binary);
/// A push when there is a join_ref, else a broadcast.
ServerFrame push_frame(const FrameNames& names, std::string_view payload, bool binary);

}  // namespace phx::parity
