#include "message_line.hpp"

#include <phx/cli/program.hpp>
#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>

#include <cmath>

namespace phx::cli {
namespace {

Json token_json(const std::string& token) {
  auto value = parse_json(token);
  return value ? *value : Json(token);
}

}  // namespace

Json payload_json(const client::Payload& payload) {
  if (payload.is_binary()) return obj("$binary", core::base64_encode(payload.text()));
  auto value = payload.json();
  if (!value) throw Failure(ExitCode::error, "the server sent a payload that is not JSON");
  return *value;
}

Json message_line(double seconds, const client::Message& message) {
  Json payload = payload_json(message.payload);
  return obj("t", std::round(seconds * 1e6) / 1e6, "topic", message.topic, "event", message.event, "join_ref", token_json(message.join_ref),
             "ref", token_json(message.ref), "payload", std::move(payload));
}

Json presence_json(const client::PresenceEntry& presence) {
  Json out = Json::parse(presence.fields);
  out["metas"] = Json::array();
  for (const auto& meta : presence.metas) out["metas"].push_back(Json::parse(meta.json));
  return out;
}

Json reply_line(const client::Reply& reply) { return obj("status", reply.status, "response", payload_json(reply.response)); }

}  // namespace phx::cli
