#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <phx/core/json.hpp>
#include <phx/server/channel.hpp>
#include <phx/server/socket.hpp>

#include "app/contexts/outcome.hpp"

/// What the channels of the application share.
namespace phx::app {

/// What UserSocket has found out: `user_id` of everybody ("7", "guest-…"), the account of who has one.
inline std::string user_id_of(const server::Socket& socket) { return socket.assigns().at("user_id").get<std::string>(); }
inline std::optional<std::int64_t> account_of(const server::Socket& socket) { return parse_id(socket.assigns().value("account", "")); }

/// In the application an event that nobody knows is answered and nothing worse happens.
inline server::Reply unknown_event() { return server::Reply::error(obj("reason", "unknown event")); }
inline server::Reply no_object() { return server::Reply::error(obj("reason", "the payload must be an object")); }
inline server::Reply invalid(std::string_view field, std::string_view problem) {
  return server::Reply::error(obj("errors", obj(field, Json::array({problem}))));
}
inline server::JoinError join_refused(std::string_view reason) { return {obj("reason", reason)}; }
inline server::Reply refused_reply(const Refusal& refusal) {
  return server::Reply::error(refusal.errors.empty() ? obj("reason", refusal.reason) : obj("errors", Json(refusal.errors)));
}

/// The integer of `{key: 7}` or `{key: "7"}`.
inline std::optional<std::int64_t> id_in(const Json& payload, const char* key) {
  const auto found = payload.find(key);
  if (found == payload.end()) return std::nullopt;
  if (found->is_string()) return parse_id(found->get_ref<const std::string&>());
  return found->is_number_integer() ? std::optional(found->get<std::int64_t>()) : std::nullopt;
}

inline std::string_view after(std::string_view topic, std::string_view prefix) { return topic.substr(prefix.size()); }

}  // namespace phx::app
