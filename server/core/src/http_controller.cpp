#include <phx/server/controller.hpp>

#include <algorithm>
#include <stdexcept>

#include <phx/core/json.hpp>

#include "http_time.hpp"

namespace phx::server {

namespace {

Sent answer(Conn& conn, std::string_view content_type, std::string body) {
  if (!conn.resp_header("content-type")) conn.prepend_resp_header("content-type", content_type);
  conn.send_resp(conn.status == 0 ? 200 : conn.status, std::move(body));
  return {};
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  return out;
}

/// server.md 11.5.
bool is_local_path(std::string_view to) {
  if (!to.starts_with('/') || to.starts_with("//") || to.find('\\') != std::string_view::npos) return false;
  return !to.starts_with("/%09") && !to.starts_with("/\t");
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-_.~").find(c) != std::string_view::npos;
    if (plain)
      out += c;
    else
      (out += '%') += digits[byte >> 4], out += digits[byte & 15];
  }
  return out;
}

void refuse(Conn& conn, int status) { render_error(conn, status, conn.format == "html" ? ErrorFormat::html : ErrorFormat::json); }

/// `*`, or one of the list; weak comparison (RFC 9110 13.1.2).
bool etag_listed(std::string_view list, std::string_view etag) {
  const auto strong = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
  while (!list.empty()) {
    auto item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(item.size() + 1, list.size()));
    item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
    item = item.substr(0, item.find_last_not_of(" \t") + 1);
    if (item == "*" || strong(item) == strong(etag)) return true;
  }
  return false;
}

}  // namespace

void action_fallback(Conn& conn, const ActionValue& value) {
  struct Answers {
    Conn& conn;
    void operator()(std::monostate) const { throw std::logic_error("the action gave back nothing"); }
    void operator()(Sent) const {}
    void operator()(NotFound) const { refuse(conn, 404); }
    void operator()(Unauthorized) const { refuse(conn, 401); }
    void operator()(Forbidden) const { refuse(conn, 403); }
    void operator()(const Refused& refused) const { refuse(conn, refused.status); }
    void operator()(const Invalid& invalid) const { json(conn, 422, obj("errors", Json(invalid.errors))); }
  };
  std::visit(Answers{conn}, value);
}

Sent json(Conn& conn, const Json& data) { return answer(conn, "application/json; charset=utf-8", to_json_text(data)); }

Sent json(Conn& conn, int status, const Json& data) {
  conn.status = status;
  return json(conn, data);
}

Sent text(Conn& conn, std::string body) { return answer(conn, "text/plain; charset=utf-8", std::move(body)); }
Sent html(Conn& conn, std::string body) { return answer(conn, "text/html; charset=utf-8", std::move(body)); }

Sent send_resp(Conn& conn, int status, std::string body) {
  conn.send_resp(status, std::move(body));
  return {};
}

Sent redirect(Conn& conn, std::string_view to) {
  if (!is_local_path(to)) throw std::invalid_argument("redirect: not a path of this server; redirect_external takes any URL");
  return redirect_external(conn, to);
}

Sent redirect_external(Conn& conn, std::string_view url) {
  conn.put_resp_header("location", url);
  if (conn.status == 0) conn.status = 302;
  return html(conn, R"(<html><body>You are being <a href=")" + escape_html(url) + R"(">redirected</a>.</body></html>)");
}

Sent send_download(Conn& conn, std::string body, std::string_view filename, std::string_view content_type) {
  const auto encoded = percent_encode(filename);
  std::string disposition = "attachment; filename=\"" + encoded + "\"";
  if (encoded != filename) disposition += "; filename*=utf-8''" + encoded;
  conn.put_resp_header("content-disposition", disposition);
  return answer(conn, content_type, std::move(body));
}

const Json& param(const Conn& conn, std::string_view name) {
  const auto found = conn.params().find(std::string(name));
  if (found == conn.params().end()) throw HttpError(400, "expected param " + std::string(name));
  return *found;
}

const std::string& text_param(const Conn& conn, std::string_view name) {
  const auto& value = param(conn, name);
  if (!value.is_string()) throw HttpError(400, "expected param " + std::string(name) + " to be a text");
  return value.get_ref<const std::string&>();
}

bool not_modified(Conn& conn, const Validators& version) {
  const core::UnixTime modified{std::chrono::seconds(version.last_modified)};
  if (!version.etag.empty()) conn.put_resp_header("etag", version.etag);
  if (version.last_modified != 0) conn.put_resp_header("last-modified", detail::http_date(modified));
  if (conn.method != "GET" && conn.method != "HEAD") return false;
  bool same = false;
  if (const auto tags = conn.req_header("if-none-match"))  // goes before the date (RFC 9110 13.2.2)
    same = !version.etag.empty() && etag_listed(*tags, version.etag);
  else if (const auto since = conn.req_header("if-modified-since"); since && version.last_modified != 0) {
    const auto then = detail::parse_http_date(*since);
    same = then && modified <= *then;
  }
  if (same) conn.send_resp(304);
  return same;
}

}  // namespace phx::server
