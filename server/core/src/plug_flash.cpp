#include <any>
#include <stdexcept>

#include <phx/core/json.hpp>
#include <phx/server/flash.hpp>
#include <phx/server/plugs.hpp>

namespace phx::server {

namespace {

constexpr const char* assign = "flash";
constexpr std::string_view session_key = "phoenix_flash";

template <class C>
auto find_flash(C& conn) {
  const auto found = conn.assigns.find(assign);
  return found == conn.assigns.end() ? nullptr : std::any_cast<Json>(&found->second);
}

template <class C>
auto& flash_of(C& conn) {
  if (auto* own = find_flash(conn)) return *own;
  throw std::logic_error("the flash is not fetched: put plug::fetch_flash after plug::fetch_session");
}

/// server.md 11.5: kept by answers 300 to 308, else deleted. An error page of a Conn from before fetch_flash has none.
void keep_flash(Conn& conn, bool had_some) {
  const auto* own = find_flash(conn);
  if (!own || (own->empty() && !had_some)) return;
  if (!own->empty() && conn.status >= 300 && conn.status <= 308)
    conn.put_session(session_key, *own);
  else
    conn.delete_session(session_key);
}

}  // namespace

void fetch_flash(Conn& conn) {
  if (find_flash(conn)) return;
  auto stored = conn.get_session(session_key);
  const bool had_some = !stored.is_null();
  conn.assigns[assign] = stored.is_object() ? std::move(stored) : Json(Json::object());
  conn.register_before_send([had_some](Conn& answer) { keep_flash(answer, had_some); });
}

const Json& flash(const Conn& conn) { return flash_of(conn); }

Json get_flash(const Conn& conn, std::string_view key) {
  const auto& all = flash(conn);
  const auto found = all.find(std::string(key));
  return found == all.end() ? Json() : *found;
}

void put_flash(Conn& conn, std::string_view key, const Json& message) { flash_of(conn)[std::string(key)] = message; }

void merge_flash(Conn& conn, const Json& messages) {
  if (!messages.is_object()) throw std::invalid_argument("merge_flash takes an object of messages");
  flash_of(conn).update(messages);
}

void clear_flash(Conn& conn) { flash_of(conn) = Json::object(); }

}  // namespace phx::server

namespace phx::server::plug {

Plug fetch_flash() {
  return [](Conn conn) {
    server::fetch_flash(conn);
    return conn;
  };
}

}  // namespace phx::server::plug
