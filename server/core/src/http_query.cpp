#include <phx/server/query.hpp>

#include <vector>

#include <phx/core/json.hpp>
#include <phx/core/json_text.hpp>

namespace phx::server {

namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// "a[b][]" -> a, b, "". A key whose brackets do not close at its end is one literal name.
std::vector<std::string_view> key_parts(std::string_view key) {
  const auto open = key.find('[');
  if (open == std::string_view::npos || key.back() != ']') return {key};
  std::vector<std::string_view> parts{key.substr(0, open)};
  auto rest = key.substr(open + 1, key.size() - open - 2);
  for (;;) {
    const auto next = rest.find("][");
    parts.push_back(rest.substr(0, next));
    if (next == std::string_view::npos) return parts;
    rest.remove_prefix(next + 2);
  }
}

void put(Json& root, const std::vector<std::string_view>& parts, std::string value) {
  Json* at = &root;
  for (const auto part : parts) {
    const bool list = part.empty() && at != &root;
    if (list) {
      if (!at->is_array()) *at = Json::array();
      at = &at->emplace_back();
    } else {
      if (!at->is_object()) *at = Json::object();
      at = &(*at)[std::string(part)];
    }
  }
  *at = std::move(value);
}

}  // namespace

std::string percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(c == '+' && plus_is_space ? ' ' : c);
    }
  }
  return out;
}

bool put_param(Json& into, std::string_view key, std::string value, std::size_t max_depth) {
  if (key.empty()) return true;
  const auto parts = key_parts(key);
  if (parts.size() > max_depth) return false;
  put(into, parts, std::move(value));
  return true;
}

Result<Json> decode_query(std::string_view query, const QueryLimits& limits) {
  Json out = Json::object();
  for (std::size_t pairs = 0; !query.empty(); ++pairs) {
    if (pairs == limits.pairs) return failure(Errc::bad_request);
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const auto key = percent_decode(pair.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? std::string() : percent_decode(pair.substr(equals + 1), true);
    if (!core::is_utf8(key) || !core::is_utf8(value)) return failure(Errc::invalid_utf8);
    if (!put_param(out, key, std::move(value), limits.depth)) return failure(Errc::bad_request);
  }
  return out;
}

}  // namespace phx::server
