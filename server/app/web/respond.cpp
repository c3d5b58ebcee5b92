#include "respond.hpp"

#include <chrono>

namespace phx::app {

using namespace server;

std::int64_t id_param(const Conn& conn, std::string_view name) {
  const auto id = parse_id(text_param(conn, name));
  if (!id) throw HttpError(404, "no such " + std::string(name));
  return *id;
}

std::string filter_param(const Conn& conn, std::string_view name) {
  const auto found = conn.params().find(name);
  if (found == conn.params().end()) return {};
  if (!found->is_string() || found->get_ref<const std::string&>().find('\0') != std::string::npos)
    throw HttpError(400, std::string(name) + " is not a text");
  return found->get<std::string>();
}

store::PageOptions page_params(const Conn& conn) {
  store::PageOptions out;
  if (const auto limit = filter_param(conn, "limit"); !limit.empty()) {
    const auto number = parse_id(limit);
    if (!number || *number > 100) throw HttpError(400, "limit is not between 1 and 100");
    out.limit = *number;
  }
  if (auto after = filter_param(conn, "after"); !after.empty()) out.after = std::move(after);
  if (auto before = filter_param(conn, "before"); !before.empty()) out.before = std::move(before);
  if (out.after && out.before) throw HttpError(400, "after and before exclude each other");
  return out;
}

ActionValue refused(const Refusal& refusal) {
  if (refusal.reason == "not_found" || refusal.reason == "room_not_found") return NotFound{};
  if (refusal.reason == "forbidden") return Forbidden{};
  if (refusal.reason == "unauthorized") return Unauthorized{};
  Invalid out;
  for (const auto& [field, messages] : refusal.errors) out.errors[field] = messages;
  if (out.errors.empty()) out.errors["base"] = {refusal.reason};
  return out;
}

ActionValue too_many(Conn& conn, Duration wait) {
  conn.put_resp_header("retry-after", std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count()));
  return Refused{429};
}

Sent ok(Conn& conn, Json data) { return json(conn, obj("data", std::move(data))); }

Sent created(Conn& conn, const std::string& location, Json data) {
  conn.put_resp_header("location", location);
  return json(conn, 201, obj("data", std::move(data)));
}

void keep_secret(Conn& conn) { conn.put_resp_header("cache-control", "no-store, no-transform"); }

Sent no_content(Conn& conn) { return send_resp(conn, 204); }

}  // namespace phx::app
