#include "http_response.hpp"

#include <array>
#include <charconv>
#include <initializer_list>

namespace phx::server::detail {

namespace {

void append(std::string& out, std::initializer_list<std::string_view> parts) {
  for (const auto part : parts) out.append(part);
}

void append_status_line(std::string& out, int status, std::string_view version = "HTTP/1.1") {
  append(out, {version, " ", std::to_string(status), " ", reason_phrase(status), "\r\n"});
}

void append_headers(std::string& out, const HeaderList& headers) {
  for (const auto& [name, value] : headers) append(out, {name, ": ", value, "\r\n"});
  out.append("\r\n");
}

}  // namespace

std::string response_text(const Conn& conn, std::string_view date, const ResponseStyle& style) {
  const bool bodiless = conn.status < 200 || conn.status == 204 || conn.status == 304;
  const bool known_length = style.length == Length::known && !(style.omit_body && conn.resp_body.empty());  // golden connect/method_head
  std::string out;
  out.reserve(256 + conn.resp_body.size());
  append_status_line(out, conn.status);
  if (style.close) out.append("connection: close\r\n");
  append(out, {"date: ", date, "\r\n"});
  if (!bodiless && known_length) append(out, {"content-length: ", std::to_string(conn.resp_body.size()), "\r\n"});
  if (!bodiless && style.length == Length::chunked) out.append("transfer-encoding: chunked\r\n");
  if (!conn.content_encoding.empty()) append(out, {"content-encoding: ", conn.content_encoding, "\r\n"});
  if (!bodiless && style.vary) out.append("vary: accept-encoding\r\n");
  append_headers(out, conn.resp_headers);
  if (!bodiless && !style.omit_body) out.append(conn.resp_body);
  return out;
}

std::string chunk_text(std::string_view bytes) {
  std::array<char, 16> size;
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  std::string out;
  append(out, {std::string_view(size.data(), end), "\r\n", bytes, "\r\n"});
  return out;
}

std::string upgrade_text(const Conn& conn, std::string_view date, std::string_view accept) {
  std::string out;
  append_status_line(out, 101);
  append(out, {"date: ", date, "\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ", accept, "\r\n"});
  append_headers(out, conn.resp_headers);
  return out;
}

// Bandit answers what it cannot read as HTTP/1.0 (golden connect/no_host, http_rest/long_uri, many_headers).
std::string refusal_text(int status) {
  std::string out;
  append_status_line(out, status, "HTTP/1.0");
  out.append("connection: close\r\n\r\n");
  return out;
}

std::string continue_text(std::string_view date) {
  std::string out;
  append_status_line(out, 100);
  append(out, {"date: ", date, "\r\n\r\n"});
  return out;
}

}  // namespace phx::server::detail
