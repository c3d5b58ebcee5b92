#include <phx/core/client/api_error.hpp>

#include <algorithm>
#include <cctype>

#include <phx/core/json.hpp>

namespace phx::core {

namespace {

constexpr std::size_t max_messages = 1000, max_depth = 16, max_token = 1024;
using Fields = std::vector<std::pair<std::string, std::string>>;

void collect(const Json& value, const std::string& path, std::size_t depth, Fields& out) {
  if (depth > max_depth || out.size() >= max_messages) return;
  if (value.is_string()) {
    out.emplace_back(path, value.get<std::string>());
  } else if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) collect(inner, path.empty() ? key : path + '.' + key, depth + 1, out);
  } else if (value.is_array()) {
    for (std::size_t n = 0; n < value.size(); ++n)  // messages of one field, or the fields of nested ones
      collect(value[n], value[n].is_string() ? path : path + '.' + std::to_string(n), depth + 1, out);
  }
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

void skip_space(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// Takes `name`, `name=value`, `name="value"` from the front of a tag's inside.
std::pair<std::string_view, std::string_view> take_attribute(std::string_view& tag) {
  const auto end = std::min(tag.find_first_of("= \t\n\r\f/>"), tag.size());
  const auto name = tag.substr(0, end);
  tag.remove_prefix(end);
  skip_space(tag);
  if (!tag.starts_with('=')) return {name, {}};
  tag.remove_prefix(1);
  skip_space(tag);
  const bool quoted = tag.starts_with('"') || tag.starts_with('\'');
  const auto close = quoted ? tag.find(tag.front(), 1) : std::min(tag.find_first_of(" \t\n\r\f>"), tag.size());
  if (close == tag.npos) return {name, std::exchange(tag, {})};  // no end: nobody's value
  const auto value = tag.substr(quoted ? 1 : 0, quoted ? close - 1 : close);
  tag.remove_prefix(quoted ? close + 1 : close);
  return {name, value};
}

/// `tag` begins behind "<meta".
std::optional<std::string> token_of(std::string_view tag) {
  std::string_view name, content;
  for (skip_space(tag); !tag.empty() && tag.front() != '>'; skip_space(tag)) {
    if (tag.front() == '/' || tag.front() == '=') {
      tag.remove_prefix(1);
      continue;
    }
    const auto [key, value] = take_attribute(tag);
    if (same_word(key, "name")) name = value;
    if (same_word(key, "content")) content = value;
  }
  const bool usable =
      !content.empty() && content.size() <= max_token && std::ranges::all_of(content, [](char c) { return c > ' ' && c < 127; });
  if (!tag.starts_with('>') || !same_word(name, "csrf-token") || !usable) return std::nullopt;
  return std::string(content);
}

}  // namespace

std::string_view ApiError::field(std::string_view path) const {
  const auto found = std::ranges::find(fields, path, [](const auto& f) -> std::string_view { return f.first; });
  return found == fields.end() ? std::string_view() : found->second;
}

std::string ApiError::message() const {
  std::string text = "HTTP " + std::to_string(status);
  if (!detail.empty()) text += ": " + detail;
  for (std::size_t n = 0; n < fields.size(); ++n)
    text += (n > 0 || !detail.empty() ? "; " : ": ") + fields[n].first + ' ' + fields[n].second;
  return text;
}

ApiError parse_api_error(int status, std::string_view body) {
  ApiError error{.status = status};
  const auto json = parse_json(body);
  if (!json || !json->is_object()) return error;
  if (const auto one = json->find("error"); one != json->end() && one->is_string()) error.detail = one->get<std::string>();
  const auto errors = json->find("errors");
  if (errors == json->end() || !errors->is_object()) return error;
  for (const auto& [key, value] : errors->items()) {
    if (key == "detail" && value.is_string()) {
      error.detail = value.get<std::string>();
    } else {
      collect(value, key, 1, error.fields);
    }
  }
  return error;
}

std::optional<std::string> find_csrf_token(std::string_view html) {
  for (auto at = html.find('<'); at != html.npos; at = html.find('<', at + 1)) {
    const auto tag = html.substr(at + 1);
    if (tag.size() < 5 || !same_word(tag.substr(0, 4), "meta") || !is_space(tag[4])) continue;
    if (auto token = token_of(tag.substr(4).substr(0, 4 * max_token))) return token;
  }
  return std::nullopt;
}

std::optional<std::string> find_link(std::string_view header, std::string_view relation) {
  while (!header.empty()) {
    const auto open = header.find('<');
    const auto close = open == header.npos ? header.npos : header.find('>', open);
    if (close == header.npos) return std::nullopt;
    const auto target = header.substr(open + 1, close - open - 1);
    header.remove_prefix(close + 1);
    while (!header.empty() && header.front() != ',') {  // its parameters
      if (header.front() == ';' || is_space(header.front())) {
        header.remove_prefix(1);
        continue;
      }
      const auto end = std::min(header.find_first_of("=;,"), header.size());
      const auto name = header.substr(0, end);
      header.remove_prefix(end);
      std::string_view value;
      if (header.starts_with('=')) {
        header.remove_prefix(1);
        const bool quoted = header.starts_with('"');
        const auto last = quoted ? header.find('"', 1) : std::min(header.find_first_of(";, "), header.size());
        if (last == header.npos) return std::nullopt;
        value = header.substr(quoted ? 1 : 0, quoted ? last - 1 : last);
        header.remove_prefix(quoted ? last + 1 : last);
      }
      if (!same_word(name, "rel")) continue;
      for (std::string_view rest = value; !rest.empty();) {  // relations, separated by spaces
        skip_space(rest);
        const auto word = rest.substr(0, rest.find(' '));
        if (same_word(word, relation) && !word.empty()) return std::string(target);
        rest.remove_prefix(word.size());
      }
    }
    if (!header.empty()) header.remove_prefix(1);
  }
  return std::nullopt;
}

}  // namespace phx::core
