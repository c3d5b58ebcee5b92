#pragma once

#include <any>
#include <string>
#include <string_view>
#include <utility>

#include <phx/core/json.hpp>
#include <phx/server/controller.hpp>

#include "app/contexts/credentials.hpp"
#include "app/contexts/outcome.hpp"

/// What all controllers share: who asks, which page, how a context's answer becomes HTTP.
namespace phx::app {

/// Set by the plug `current_user`.
inline const Identity& current_user(const server::Conn& conn) { return std::any_cast<const Identity&>(conn.assigns.at("current_user")); }

/// co_await in_pool(conn, f): f on the pool; params that are no object are a 400, a row that somebody else has changed a 409.
template <class F>
auto in_pool(server::Conn& conn, F f) {
  return conn.blocking([f = std::move(f)]() mutable {
    try {
      return f();
    } catch (const store::CastError& e) { throw server::HttpError(400, e.what()); } catch (const store::StaleEntryError& e) {
      throw server::HttpError(409, e.what());
    }
  });
}

/// 404 for what is no id.
std::int64_t id_param(const server::Conn& conn, std::string_view name);
/// A text, or "" when it is not given. 400 for anything else.
std::string filter_param(const server::Conn& conn, std::string_view name);
/// `limit` (1 to 100, 20), `after`, `before`. 400 for anything else.
store::PageOptions page_params(const server::Conn& conn);

server::ActionValue refused(const Refusal& refusal);
/// 429 with retry-after.
server::ActionValue too_many(server::Conn& conn, Duration wait);
server::Sent ok(server::Conn& conn, Json data);
server::Sent created(server::Conn& conn, const std::string& location, Json data);
/// Before an answer that holds a secret: nobody keeps a copy, and it is not compressed beside what a client sent (BREACH).
void keep_secret(server::Conn& conn);
server::Sent no_content(server::Conn& conn);

/// {"data": [...], "page": {"has_next", "start", "end"}}; 400 for a cursor that is none.
template <class T, class View>
server::Sent page(server::Conn& conn, const Result<store::Page<T>>& rows, View view) {
  if (!rows) throw server::HttpError(400, "after, before: not a cursor of this list");
  Json data = Json::array();
  for (const auto& row : rows->entries) data.push_back(view(row));
  const auto cursor = [](const std::optional<std::string>& c) { return c ? Json(*c) : Json(); };
  return json(conn, obj("data", std::move(data), "page",
                        obj("has_next", rows->has_next, "start", cursor(rows->start_cursor), "end", cursor(rows->end_cursor))));
}

template <class T, class View>
server::Sent list(server::Conn& conn, const std::vector<T>& rows, View view) {
  Json data = Json::array();
  for (const auto& row : rows) data.push_back(view(row));
  return json(conn, obj("data", std::move(data)));
}

}  // namespace phx::app
