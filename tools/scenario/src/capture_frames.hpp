#pragma once

#include <string>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/scenario/capture_connection.hpp>

/// What the converters of captures share.
namespace phx::scenario {

/// As a string of a file with templates: `{{` would be one.
Json escaped(Json value);
/// JSON is YAML too.
std::string plain_text(const Json& value);
std::string text_of(const Json& value);

/// Bytes are {"$binary": "<base64>"}.
Json payload_of(const CaptureEvent& frame, const core::Serializer& serializer);

/// Frames that are messages of channels, each with what it says; heartbeats and what is no message are left out.
std::vector<CaptureEvent> channel_frames(const Capture& capture, const CaptureConnections& connections);
/// The reply to frame i; null: none came.
const CaptureEvent* answer_to(const std::vector<CaptureEvent>& frames, std::size_t i);
/// The server's, and of the application: no reply, close or error.
bool is_plain(const CaptureEvent& frame);

}  // namespace phx::scenario
