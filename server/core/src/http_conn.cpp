#include <phx/server/conn.hpp>

#include <algorithm>
#include <array>

#include <phx/server/observer.hpp>
#include <phx/server/plug.hpp>
#include <phx/server/query.hpp>
#include <phx/server/socket_mount.hpp>

#include <phx/core/json.hpp>

#include "http_conn_state.hpp"

namespace phx::server {

namespace {

struct Phrase {
  int status;
  std::string_view text;
};

constexpr auto phrases = std::to_array<Phrase>({
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Request Entity Too Large"},
    {414, "Request-URI Too Long"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
});

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

std::string_view name_of(ErrorFormat format) { return format == ErrorFormat::json ? "json" : "html"; }

bool is_mime_of(ErrorFormat format, std::string_view mime) {
  if (mime == "*/*") return true;
  if (format == ErrorFormat::html) return mime == "text/html" || mime == "text/*";
  return mime == "application/json" || mime == "application/*" || (mime.starts_with("application/") && mime.ends_with("+json"));
}

const ErrorViews& error_views_of(const Conn& conn) {
  static const ErrorViews generated;
  return conn.error_views ? *conn.error_views : generated;
}

double quality(std::string_view parameters) {
  const auto at = parameters.find("q=");
  if (at == std::string_view::npos) return 1.0;
  const std::string number{parameters.substr(at + 2, 5)};
  char* end = nullptr;
  const double q = std::strtod(number.c_str(), &end);
  return end == number.c_str() ? 0.0 : q;
}

/// Left to right; the highest q wins, the first of equals (server.md 11.4 rule 4); `*/*` means html where there is html (rule 3).
ErrorFormat format_from_accept(std::string_view accept, const std::vector<ErrorFormat>& formats) {
  const bool has_html = std::ranges::find(formats, ErrorFormat::html) != formats.end();
  if (has_html && accept.find("*/*") != std::string_view::npos) return ErrorFormat::html;
  double best = 0;
  auto format = formats.front();
  while (!accept.empty()) {
    const auto comma = std::min(accept.find(','), accept.size());
    const auto entry = trim(accept.substr(0, comma));
    accept.remove_prefix(std::min(comma + 1, accept.size()));
    const auto semicolon = std::min(entry.find(';'), entry.size());
    const auto known = std::ranges::find_if(formats, [&](ErrorFormat f) { return is_mime_of(f, trim(entry.substr(0, semicolon))); });
    const double q = known == formats.end() ? 0.0 : quality(entry.substr(semicolon));
    if (q > best) best = q, format = *known;
  }
  return format;
}

/// A value with a line break would be two headers, or a head and a body.
void check_header(std::string_view name, std::string_view value) {
  const auto is_token = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  if (name.empty() || !std::ranges::all_of(name, is_token)) throw std::invalid_argument("response header names are lower-case tokens");
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    throw std::invalid_argument("the value of response header " + std::string(name) + " holds a line break or NUL");
}

}  // namespace

Conn::Conn() : resp_headers{{"cache-control", "max-age=0, private, must-revalidate"}} {}
Conn::~Conn() = default;
Conn::Conn(Conn&&) noexcept = default;
Conn& Conn::operator=(Conn&&) noexcept = default;

std::optional<std::string_view> Conn::req_header(std::string_view name) const noexcept {
  const auto found = std::ranges::find(req_headers, name, &HeaderList::value_type::first);
  if (found == req_headers.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string_view> Conn::resp_header(std::string_view name) const noexcept {
  const auto found = std::ranges::find(resp_headers, name, &HeaderList::value_type::first);
  if (found == resp_headers.end()) return std::nullopt;
  return found->second;
}

void Conn::delete_resp_header(std::string_view name) {
  std::erase_if(resp_headers, [&](const auto& header) { return header.first == name; });
}

void Conn::put_resp_header(std::string_view name, std::string_view value) {
  check_header(name, value);
  const auto found = std::ranges::find(resp_headers, name, &HeaderList::value_type::first);
  if (found != resp_headers.end())
    found->second = value;
  else
    resp_headers.emplace_back(name, value);
}

void Conn::prepend_resp_header(std::string_view name, std::string_view value) {
  check_header(name, value);
  resp_headers.emplace(resp_headers.begin(), std::string(name), std::string(value));
}

void Conn::send_resp(int http_status, std::string resp) {
  status = http_status;
  resp_body = std::move(resp);
  halted = true;
}

void Conn::send_chunked(int http_status, std::function<void(ResponseStream)> begin) {
  send_resp(http_status);
  begin_chunks = std::move(begin);
}

void Conn::fail(std::exception_ptr why) {
  error = std::move(why);
  halted = true;
}

void Conn::answer_later(std::function<void(Conn, Answer)> begin) { later = std::move(begin); }

void Conn::upgrade_to(std::unique_ptr<WebSocketUpgrade> to) {
  upgrade = std::move(to);
  halted = true;
}

std::string describe(const std::exception_ptr& why) {
  try {
    std::rethrow_exception(why);
  } catch (const std::exception& e) { return e.what(); } catch (...) {
    return "something that is no std::exception";
  }
}

std::string_view reason_phrase(int http_status) noexcept {
  const auto found = std::ranges::find(phrases, http_status, &Phrase::status);
  return found == phrases.end() ? std::string_view("Unknown") : found->text;
}

ErrorFormat error_format(const Conn& conn) {
  const auto& formats = error_views_of(conn).formats;
  const auto named = [&](std::string_view name) {
    const auto found = std::ranges::find(formats, name, name_of);
    return found == formats.end() ? formats.front() : *found;
  };
  if (!conn.format.empty()) return named(conn.format);
  if (const auto query = decode_query(conn.query_string); query && query->contains("_format"))
    return query->at("_format").is_string() ? named(query->at("_format").get_ref<const std::string&>()) : formats.front();
  const auto accept = conn.req_header("accept");
  return accept ? format_from_accept(*accept, formats) : formats.front();
}

void render_error(Conn& conn, int http_status, ErrorFormat format) {
  const std::string phrase{reason_phrase(http_status)};
  const bool json = format == ErrorFormat::json;
  conn.delete_resp_header("content-type");
  conn.prepend_resp_header("content-type", json ? "application/json; charset=utf-8" : "text/html; charset=utf-8");
  conn.status = http_status;
  const auto& views = error_views_of(conn);
  if (const auto& view = json ? views.json : views.html) try {
      auto body = view(conn, http_status);
      return conn.send_resp(conn.status, std::move(body));
    } catch (...) {
      const auto why = describe(std::current_exception());
      if (conn.observer) conn.observer->log({Level::error, "error view raised", conn.path, why});
      conn.status = http_status;
    }
  conn.send_resp(conn.status, json ? R"({"errors":{"detail":")" + phrase + R"("}})" : phrase);
}

std::size_t run_plugs(const PlugChain& chain, std::size_t first, Conn& conn, std::size_t last) {
  std::size_t next = first;
  const std::size_t end = std::min(last, chain.size());
  while (next < end && !conn.halted && !conn.later) conn = chain[next++](std::move(conn));
  return next;
}

}  // namespace phx::server
