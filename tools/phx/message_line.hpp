#pragma once

#include <phx/client/payload.hpp>
#include <phx/client/presence.hpp>
#include <phx/core/json_fwd.hpp>

namespace phx::cli {

/// A payload as data: its JSON, or {"$binary": "<base64>"}. Throws Failure(error) for a payload that is no JSON.
Json payload_json(const client::Payload& payload);

/// {"t","topic","event","join_ref","ref","payload"}; refs with their JSON type.
Json message_line(double seconds, const client::Message& message);

/// {"metas": [...]} and what else the server tells of a key.
Json presence_json(const client::PresenceEntry& presence);

/// {"status","response"}
Json reply_line(const client::Reply& reply);

}  // namespace phx::cli
