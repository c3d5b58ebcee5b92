#include <phx/scenario/yaml.hpp>

#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace phx::scenario {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <class T>
std::optional<T> parse_whole(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// YAML 1.2 core schema, decimal: [-+]digits, with a fraction or exponent when it is a real.
std::optional<double> parse_real(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || !(is_digit(digits[0]) || (digits[0] == '.' && digits.size() > 1 && is_digit(digits[1])))) return std::nullopt;
  const auto value = parse_whole<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return parse_whole<std::int64_t>(text);
}

}  // namespace

void Yaml::fail(const std::string& message) const { throw FileError(place_, message); }

Yaml Yaml::untagged() const {
  Yaml out = *this;
  out.tag_.clear();
  return out;
}

std::string Yaml::describe() const {
  if (!tag_.empty()) return "!" + tag_;
  switch (kind_) {
    case Kind::null: return "nothing";
    case Kind::sequence: return "a list";
    case Kind::mapping: return "a mapping";
    case Kind::scalar: break;
  }
  return "'" + (text_.size() > 40 ? text_.substr(0, 37) + "..." : text_) + "'";
}

void Yaml::require(Kind kind, std::string_view expected) const {
  if (kind_ != kind || !tag_.empty()) fail("expected " + std::string(expected) + ", not " + describe());
}

std::string Yaml::string() const {
  require(Kind::scalar, "text");
  return text_;
}

std::int64_t Yaml::integer(std::int64_t least, std::int64_t most) const {
  require(Kind::scalar, "a whole number");
  const auto value = quoted_ ? std::nullopt : parse_integer(text_);
  if (!value) fail("expected a whole number, not " + describe() + (quoted_ ? "; remove the quotes" : ""));
  if (*value < least) fail("must be at least " + std::to_string(least) + ", not " + text_);
  if (*value > most) fail("must be at most " + std::to_string(most) + ", not " + text_);
  return *value;
}

double Yaml::number() const {
  require(Kind::scalar, "a number");
  const auto value = quoted_ ? std::nullopt : parse_real(text_);
  if (!value) fail("expected a number, not " + describe() + (quoted_ ? "; remove the quotes" : ""));
  return *value;
}

bool Yaml::boolean() const {
  require(Kind::scalar, "true or false");
  if (!quoted_ && text_ == "true") return true;
  if (!quoted_ && text_ == "false") return false;
  fail("expected true or false, not " + describe());
}

Duration Yaml::duration() const {
  require(Kind::scalar, "a duration such as 200ms or 1.5s");
  if (const auto value = parse_duration(text_)) return *value;
  if (parse_real(text_) && !text_.starts_with('-')) fail("a duration needs its unit: " + text_ + "ms or " + text_ + "s");
  fail("expected a duration such as 200ms, 1.5s or 2m, not " + describe());
}

std::string Yaml::one_of(std::initializer_list<std::string_view> words) const {
  require(Kind::scalar, "one word");
  if (std::ranges::find(words, std::string_view(text_)) != words.end()) return text_;
  fail("unknown word " + describe() + suggestion(text_, std::span(words.begin(), words.size())));
}

std::span<const Yaml::Entry> Yaml::entries() const {
  require(Kind::mapping, "a mapping (key: value)");
  return entries_;
}

const Yaml* Yaml::find(std::string_view key) const {
  require(Kind::mapping, "a mapping (key: value)");
  return find_entry(key);
}

const Yaml* Yaml::find_entry(std::string_view key) const noexcept {
  const auto it = std::ranges::find(entries_, key, &Entry::key);
  return it == entries_.end() ? nullptr : &it->value;
}

const Yaml& Yaml::at(std::string_view key) const {
  if (const Yaml* value = find(key)) return *value;
  fail("the key '" + std::string(key) + "' is missing");
}

void Yaml::only_keys(std::initializer_list<std::string_view> known) const {
  for (const Entry& entry : entries())
    if (std::ranges::find(known, std::string_view(entry.key)) == known.end())
      throw FileError(entry.place, "unknown key '" + entry.key + "'" + suggestion(entry.key, std::span(known.begin(), known.size())));
}

std::span<const Yaml> Yaml::items() const {
  require(Kind::sequence, "a list");
  return items_;
}

Json Yaml::scalar_json() const {
  if (kind_ == Kind::null) return nullptr;
  if (quoted_) return text_;
  if (text_ == "null" || text_ == "~" || text_.empty()) return nullptr;  // behind a tag yaml-cpp gives it as text
  if (text_ == "true") return true;
  if (text_ == "false") return false;
  if (const auto integer = parse_integer(text_)) return *integer;
  if (const auto natural = parse_whole<std::uint64_t>(text_)) return *natural;
  if (const auto real = parse_real(text_)) return *real;
  return text_;
}

Json Yaml::json() const {
  if (tag_ == "binary" && kind_ == Kind::scalar) {
    if (!core::base64_decode(text_)) fail("!binary needs base64, as in !binary \"AQID\"");
    return obj("$binary", text_);
  }
  if (!tag_.empty()) fail("!" + tag_ + " cannot stand in a value that is sent; only !binary can");
  switch (kind_) {
    case Kind::null:
    case Kind::scalar: return scalar_json();
    case Kind::sequence: {
      Json out = Json::array();
      for (const Yaml& item : items_) out.push_back(item.json());
      return out;
    }
    case Kind::mapping: {
      Json out = Json::object();
      for (const Entry& entry : entries_) out[entry.key] = entry.value.json();
      return out;
    }
  }
  return nullptr;
}

}  // namespace phx::scenario
