#include <algorithm>
#include <stdexcept>

#include <phx/core/json.hpp>
#include <phx/core/json_text.hpp>
#include <phx/server/plugs.hpp>
#include <phx/server/query.hpp>

#include "http_head.hpp"
#include "http_multipart.hpp"

namespace phx::server::plug {

namespace {

constexpr std::size_t max_boundary = 200;  // RFC 2046 asks for 70 at most

/// `type/subtype` in lower case; empty: not a media type.
std::string media_type(std::string_view content_type) {
  auto type = detail::lower_case(content_type.substr(0, content_type.find(';')));
  std::erase_if(type, [](char c) { return c == ' ' || c == '\t'; });
  const auto slash = type.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == type.size() || type.find('/', slash + 1) != std::string::npos) return {};
  return type;
}

bool is_passed(const std::vector<std::string>& pass, const std::string& type) {
  return std::ranges::any_of(pass, [&](const std::string& p) {
    return p == "*/*" || p == type || (p.ends_with("/*") && type.starts_with(p.substr(0, p.size() - 1)));
  });
}

void require_size(const Conn& conn, std::size_t limit) {
  if (conn.body.size() > limit) throw HttpError(413, "request body beyond " + std::to_string(limit) + " bytes");
}

Json read_json(const Conn& conn, const ParserOptions& options) {
  require_size(conn, options.length);
  if (conn.body.empty()) return Json::object();
  if (core::check_json(conn.body, {.max_depth = options.json_depth})) throw HttpError(400, "request body is no JSON");
  auto body = parse_json(conn.body);
  if (!body) throw HttpError(400, "request body is no JSON");
  if (body->is_object()) return std::move(*body);
  return obj("_json", std::move(*body));
}

Json read_form(const Conn& conn, const ParserOptions& options) {
  require_size(conn, std::min(options.length, options.urlencoded_length));
  auto body = decode_query(conn.body);
  if (!body) throw HttpError(400, "request body: " + body.error().message());
  return std::move(*body);
}

Json read_multipart(Conn& conn, const ParserOptions& options) {
  require_size(conn, options.length);
  const auto boundary = detail::header_parameter(conn.req_header("content-type").value_or(""), "boundary");
  if (!boundary || boundary->empty() || boundary->size() > max_boundary) throw HttpError(400, "multipart without boundary");
  const auto parts = detail::parse_multipart(conn.body, *boundary, options.multipart_parts);
  if (!parts) throw HttpError(400, "request body is no multipart");
  Json out = Json::object();
  for (const auto& part : *parts) {
    if (!core::is_utf8(part.name)) throw HttpError(400, "multipart: a name is not UTF-8");
    if (part.filename) {
      if (part.filename->empty()) continue;
      if (!core::is_utf8(*part.filename)) throw HttpError(400, "multipart: a file name is not UTF-8");
      conn.uploads().push_back({part.name, *part.filename, part.content_type, std::string(part.body)});
      continue;
    }
    if (!core::is_utf8(part.body)) throw HttpError(400, "multipart: a field is not UTF-8");
    if (!put_param(out, part.name, std::string(part.body))) throw HttpError(400, "multipart: a name nests too deep");
  }
  return out;
}

Json read_body(Conn& conn, const ParserOptions& options) {
  const bool has_body = conn.method == "POST" || conn.method == "PUT" || conn.method == "PATCH" || conn.method == "DELETE";
  const auto header = conn.req_header("content-type");
  if (!has_body || !header) return Json::object();
  const auto type = media_type(*header);
  if (type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"))) return read_json(conn, options);
  if (type == "application/x-www-form-urlencoded") return read_form(conn, options);
  if (type == "multipart/form-data" || type == "multipart/mixed") return read_multipart(conn, options);
  if (type.empty() || !is_passed(options.pass, type)) throw HttpError(415, "unsupported media type");
  return Json::object();
}

}  // namespace

Plug parsers(ParserOptions options) {
  return [options = std::move(options)](Conn conn) {
    if (conn.query_string.size() > options.query_length) throw HttpError(414, "query string beyond the limit");
    auto query = decode_query(conn.query_string);
    if (!query) throw HttpError(400, "query string: " + query.error().message());
    auto body = read_body(conn, options);
    Json all = *query;  // query < params that are there < body
    all.update(conn.params());
    all.update(body);
    conn.query_params() = std::move(*query);
    conn.body_params() = std::move(body);
    conn.params() = std::move(all);
    return conn;
  };
}

Plug method_override() {
  return [](Conn conn) {
    if (conn.method != "POST") return conn;
    const auto wanted = conn.body_params().find("_method");
    if (wanted == conn.body_params().end() || !wanted->is_string()) return conn;
    const auto method = detail::lower_case(wanted->get_ref<const std::string&>());
    if (method == "put") conn.method = "PUT";
    if (method == "patch") conn.method = "PATCH";
    if (method == "delete") conn.method = "DELETE";
    return conn;
  };
}

Plug head() {
  return [](Conn conn) {
    if (conn.method == "HEAD") conn.method = "GET";
    return conn;
  };
}

}  // namespace phx::server::plug
