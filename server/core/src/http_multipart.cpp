#include "http_multipart.hpp"

#include <algorithm>

#include <phx/server/query.hpp>

#include "http_head.hpp"

namespace phx::server::detail {

namespace {

constexpr std::size_t max_head = 16 * 1024;

std::string_view trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// A quoted string or token at the front of `rest`, which then begins behind it.
std::string take_value(std::string_view& rest) {
  std::string out;
  if (!rest.starts_with('"')) {
    out = trim(rest.substr(0, rest.find(';')));
    rest.remove_prefix(std::min(rest.find(';'), rest.size()));
    return out;
  }
  std::size_t i = 1;
  for (; i < rest.size() && rest[i] != '"'; ++i) {
    if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\')) ++i;
    out.push_back(rest[i]);
  }
  rest.remove_prefix(std::min(i + 1, rest.size()));
  return out;
}

void read_header(std::string_view line, MultipartPart& part, bool& named) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const auto name = lower_case(trim(line.substr(0, colon)));
  const auto value = trim(line.substr(colon + 1));
  if (name == "content-type") part.content_type = value;
  if (name != "content-disposition") return;
  if (auto field = header_parameter(value, "name")) part.name = std::move(*field), named = true;
  part.filename = header_parameter(value, "filename");
  const auto extended = header_parameter(value, "filename*");
  if (extended && lower_case(extended->substr(0, 7)) == "utf-8''") part.filename = percent_decode(std::string_view(*extended).substr(7));
}

}  // namespace

std::optional<std::string> header_parameter(std::string_view value, std::string_view wanted) {
  auto rest = value;
  rest.remove_prefix(std::min(rest.find(';'), rest.size()));
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the ';'
    const auto equals = rest.find('='), semicolon = rest.find(';');
    if (equals == std::string_view::npos) return std::nullopt;
    if (semicolon < equals) {
      rest.remove_prefix(semicolon);
      continue;
    }
    const auto name = lower_case(trim(rest.substr(0, equals)));
    rest.remove_prefix(equals + 1);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    auto text = take_value(rest);
    if (name == wanted) return text;
    rest.remove_prefix(std::min(rest.find(';'), rest.size()));
  }
  return std::nullopt;
}

Result<std::vector<MultipartPart>> parse_multipart(std::string_view body, std::string_view boundary, std::size_t max_parts) {
  const std::string first = "--" + std::string(boundary), next = "\r\n" + first;
  // What stands before the first boundary line is nothing (RFC 2046 5.1.1).
  auto at = body.starts_with(first) ? first.size() : body.find(next);
  if (at == std::string_view::npos) return failure(Errc::bad_request);
  if (!body.starts_with(first)) at += next.size();
  std::vector<MultipartPart> out;
  for (auto rest = body.substr(at);;) {
    if (rest.starts_with("--")) return out;
    const auto line_end = rest.find("\r\n");
    if (line_end == std::string_view::npos || !trim(rest.substr(0, line_end)).empty()) return failure(Errc::bad_request);
    rest.remove_prefix(line_end);  // an empty head leaves CRLF CRLF, too
    const auto head_end = rest.find("\r\n\r\n");
    if (head_end == std::string_view::npos || head_end > max_head) return failure(Errc::bad_request);
    MultipartPart part;
    bool named = false;
    for (auto head = rest.substr(0, head_end); !head.empty();) {
      head.remove_prefix(2);
      const auto line = head.substr(0, head.find("\r\n"));
      read_header(line, part, named);
      head.remove_prefix(line.size());
    }
    rest.remove_prefix(head_end + 2);  // the boundary of an empty body begins with the head's last CRLF
    const auto end = rest.find(next);
    if (end == std::string_view::npos) return failure(Errc::bad_request);
    part.body = end == 0 ? std::string_view() : rest.substr(2, end - 2);
    rest.remove_prefix(end + next.size());
    if (!named) continue;
    if (out.size() == max_parts) return failure(Errc::bad_request);
    out.push_back(std::move(part));
  }
}

}  // namespace phx::server::detail
