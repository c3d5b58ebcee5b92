#include "http_head.hpp"

#include <algorithm>
#include <charconv>

namespace phx::server::detail {

std::string lower_case(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

bool has_token(std::string_view header, std::string_view token) {
  while (!header.empty()) {
    auto item = header.substr(0, header.find(','));
    header.remove_prefix(std::min(item.size() + 1, header.size()));
    const auto first = item.find_first_not_of(" \t");
    if (first == std::string_view::npos) continue;
    item = item.substr(first, item.find_last_not_of(" \t") - first + 1);
    if (lower_case(item) == token) return true;
  }
  return false;
}

void read_target(std::string_view target, Conn& conn) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    read_authority(target.substr(0, target.find_first_of("/?")), conn);
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
  }
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  conn.path = target.substr(0, question);
  if (question != std::string_view::npos) conn.query_string = target.substr(question + 1);
  std::string_view path = conn.path;
  while (!path.empty()) {
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
    if (!segment.empty()) conn.path_info.emplace_back(segment);
  }
}

void read_authority(std::string_view authority, Conn& conn) {
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  conn.host = authority.substr(0, colon);
  if (colon == std::string_view::npos) return;
  const auto digits = authority.substr(colon + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), conn.port);
}

bool framing_is_sound(const HeaderList& headers, bool http_1_0) {
  const auto lengths = std::ranges::count(headers, "content-length", &HeaderList::value_type::first);
  const auto codings = std::ranges::count(headers, "transfer-encoding", &HeaderList::value_type::first);
  const auto length = std::ranges::find(headers, "content-length", &HeaderList::value_type::first);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (lengths > 0 && (length->second.empty() || !std::ranges::all_of(length->second, is_digit))) return false;  // Beast takes "5, 5"
  if (codings == 0) return lengths <= 1;
  const auto coding = std::ranges::find(headers, "transfer-encoding", &HeaderList::value_type::first);
  return !http_1_0 && lengths == 0 && codings == 1 && lower_case(coding->second) == "chunked";
}

}  // namespace phx::server::detail
