#include <phx/server/cookies.hpp>

#include <algorithm>

namespace phx::server {

namespace {

constexpr std::string_view blanks = " \t", forbidden_in_value = "\r\n\v\f", forbidden_in_name = " \t\r\n\v\f";

std::string_view without_blanks_ahead(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text;
}

std::string_view without_blanks_behind(std::string_view text) { return text.substr(0, text.find_last_not_of(blanks) + 1); }

bool has_any(std::string_view text, std::string_view characters) { return text.find_first_of(characters) != std::string_view::npos; }

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> decode_cookies(std::string_view header) {
  std::vector<std::pair<std::string_view, std::string_view>> out;
  while (!header.empty()) {
    const auto pair = without_blanks_ahead(header.substr(0, header.find(';')));
    header.remove_prefix(std::min(header.find(';'), header.size() - 1) + 1);
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    const auto name = pair.substr(0, equals);
    const auto value = without_blanks_behind(pair.substr(equals + 1));
    if (!has_any(name, forbidden_in_name) && !has_any(value, forbidden_in_value)) out.emplace_back(name, value);
  }
  return out;
}

std::string_view find_cookie(std::string_view header, std::string_view name) {
  const auto cookies = decode_cookies(header);
  const auto found = std::ranges::find(cookies, name, &std::pair<std::string_view, std::string_view>::first);
  return found == cookies.end() ? std::string_view() : found->second;
}

}  // namespace phx::server
