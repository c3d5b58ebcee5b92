#include <algorithm>
#include <stdexcept>

#include <phx/core/json.hpp>
#include <phx/server/plugs.hpp>

namespace phx::server::plug {

namespace {

bool is_function_name(std::string_view name) {
  return std::ranges::all_of(name,
                             [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; });
}

/// U+2028 and U+2029 are line ends in JavaScript, not in JSON.
std::string escape_line_ends(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size(); ++at) {
    const auto three = json.substr(at, 3);
    if (three != "\xE2\x80\xA8" && three != "\xE2\x80\xA9") {
      out += json[at];
      continue;
    }
    out += three.back() == '\xA8' ? "\\u2028" : "\\u2029";
    at += 2;
  }
  return out;
}

void wrap_json(Conn& conn, const std::string& callback) {
  if (!conn.resp_header("content-type").value_or("").starts_with("application/json")) return;
  conn.put_resp_header("content-type", "application/javascript");
  conn.resp_body = "/**/ typeof " + callback + " === 'function' && " + callback + "(" + escape_line_ends(conn.resp_body) + ");";
}

}  // namespace

// server.md 11.5, allow_jsonp.
Plug allow_jsonp(std::string callback) {
  if (callback.empty()) throw std::invalid_argument("plug::allow_jsonp: no name for the param");
  return [param = std::move(callback)](Conn conn) {
    const auto& query = conn.query_params();
    const auto found = query.find(param);
    if (found == query.end() || *found == "") return conn;  // NOLINT(readability-container-size-empty): no string yet
    if (!found->is_string() || !is_function_name(found->get_ref<const std::string&>()))
      throw std::invalid_argument("the JSONP callback name contains invalid characters");
    conn.register_before_send([name = found->get<std::string>()](Conn& answer) { wrap_json(answer, name); });
    return conn;
  };
}

}  // namespace phx::server::plug
