#include <phx/scenario/mask.hpp>

#include <algorithm>
#include <array>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/core/json_text.hpp>

#include "percent.hpp"

namespace phx::scenario {

namespace {

constexpr std::array<std::string_view, 8> words{"token",  "password", "secret", "authorization",
                                                "cookie", "api_key",  "apikey", "credential"};
constexpr std::string_view token_start = "SFMyNTY.";                // {"alg":"HS256"}; what Phoenix.Token writes
constexpr std::string_view bearer_start = "base64url.bearer.phx.";  // auth token in a subprotocol
constexpr int max_nesting = 4;                                      // of JSON texts in strings

bool is_token_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '=';
}

std::string mask_tokens(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t at = std::min(text.find(token_start), text.find(bearer_start));
    if (at == std::string_view::npos) return out.append(text);
    out.append(text.substr(0, at)).append(masked_text);
    text.remove_prefix(at);
    text.remove_prefix(static_cast<std::size_t>(std::ranges::find_if_not(text, is_token_byte) - text.begin()));
  }
}

std::string mask_json(std::string_view text, int nesting);

/// A JSON string token; one that holds JSON itself is looked into.
std::string mask_string(std::string_view token, int nesting) {
  const std::size_t inside = token.find_first_of("[{", 1);
  if (inside == 1 && nesting < max_nesting) {
    const auto value = parse_json(token);
    if (value && !core::check_json(value->get_ref<const std::string&>(), {.max_depth = 1000})) {
      const std::string masked = mask_json(value->get_ref<const std::string&>(), nesting + 1);
      if (masked == value->get_ref<const std::string&>()) return std::string(token);
      std::string out;
      core::append_json_string(out, masked);
      return out;
    }
  }
  return mask_tokens(token);
}

/// Walks checked JSON text once. Positions are byte offsets.
class JsonMasker {
 public:
  JsonMasker(std::string_view text, int nesting) : text_(text), nesting_(nesting) {}

  std::string run() {
    while (at_ < text_.size()) step();
    return std::move(out_);
  }

 private:
  void step() {
    const char c = text_[at_];
    if (c == '"') return on_string();
    if (c == '{' || c == '[') {
      in_object_.push_back(c == '{');
      key_next_ = c == '{';
    } else if (c == '}' || c == ']') {
      in_object_.pop_back();
      key_next_ = false;
    } else if (c == ',') {
      key_next_ = in_object_.back();
    }
    out_ += c;
    ++at_;
  }

  void on_string() {
    const std::string_view token = text_.substr(at_, string_end(at_) - at_);
    at_ += token.size();
    if (!std::exchange(key_next_, false)) {
      out_ += mask_string(token, nesting_);
      return;
    }
    out_ += mask_tokens(token);
    if (!is_secret_name(key_of(token))) return;
    const std::size_t value = text_.find_first_not_of(" \t\r\n:", at_);
    out_.append(text_.substr(at_, value - at_));
    at_ = value_end(value);
    core::append_json_string(out_, masked_text);
  }

  static std::string key_of(std::string_view token) {
    if (token.find('\\') == std::string_view::npos) return std::string(token.substr(1, token.size() - 2));
    const auto key = parse_json(token);
    return key ? key->get<std::string>() : std::string(token);
  }

  std::size_t string_end(std::size_t at) const {
    for (++at; text_[at] != '"'; ++at)
      if (text_[at] == '\\') ++at;
    return at + 1;
  }

  std::size_t value_end(std::size_t at) const {
    std::size_t open = 0;
    while (at < text_.size()) {
      const char c = text_[at];
      if (c == '"') {
        at = string_end(at);
        if (open == 0) return at;
        continue;
      }
      if (c == '{' || c == '[') ++open;
      if (c == '}' || c == ']' || c == ',') {
        if (open == 0) return at;
        if (c != ',' && --open == 0) return at + 1;
      }
      ++at;
    }
    return at;
  }

  std::string_view text_;
  int nesting_;
  std::string out_;
  std::size_t at_ = 0;
  std::vector<bool> in_object_;
  bool key_next_ = false;
};

std::string mask_json(std::string_view text, int nesting) { return JsonMasker(text, nesting).run(); }

}  // namespace

bool is_secret_name(std::string_view name) {
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return std::ranges::any_of(words, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

std::string mask_text(std::string_view text) {
  if (!core::check_json(text)) return mask_json(text, 0);
  if (text.find('\n') == std::string_view::npos) return mask_tokens(text);
  std::string out;
  for (bool more = true; more;) {
    const std::size_t end = text.find('\n');
    more = end != std::string_view::npos;
    const std::string_view line = text.substr(0, end);
    out += core::check_json(line) ? mask_tokens(line) : mask_json(line, 0);
    if (more) out += '\n';
    text.remove_prefix(more ? end + 1 : text.size());
  }
  return out;
}

std::string mask_query(std::string_view query) {
  std::string out;
  for (bool more = true; more;) {
    const std::size_t end = query.find('&');
    more = end != std::string_view::npos;
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && is_secret_name(percent_decoded(pair.substr(0, equals))))
      out.append(pair.substr(0, equals + 1)).append(masked_text);
    else
      out += mask_tokens(pair);
    if (more) out += '&';
    query.remove_prefix(more ? end + 1 : query.size());
  }
  return out;
}

std::string mask_url(std::string_view url) {
  const std::size_t question = url.find('?');
  std::string out = mask_tokens(url.substr(0, question));
  if (const std::size_t scheme = out.find("://"); scheme != std::string::npos) {
    const std::size_t path = out.find('/', scheme + 3);
    const std::size_t at = out.rfind('@', path);
    if (at != std::string::npos && at > scheme) out.replace(scheme + 3, at - scheme - 3, masked_text);
  }
  if (question != std::string_view::npos) out.append("?").append(mask_query(url.substr(question + 1)));
  return out;
}

std::string mask_header(std::string_view name, std::string_view value) {
  return is_secret_name(name) ? std::string(masked_text) : mask_tokens(value);
}

}  // namespace phx::scenario
