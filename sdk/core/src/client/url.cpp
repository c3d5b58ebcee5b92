#include <phx/core/client/url.hpp>

#include <cmath>

#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>

namespace phx::core {
namespace {

constexpr std::string_view auth_prefix = "base64url.bearer.phx.";

/// Text as JavaScript's String(value) gives it: 1.0 is "1".
std::string scalar_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::trunc(number) == number && std::abs(number) < 1e15) return std::to_string(static_cast<std::int64_t>(number));
  }
  return value.dump();
}

void append_pair(std::string& out, std::string_view pair) {
  if (!out.empty()) out += '&';
  out += pair;
}

/// phoenix.js Ajax.serialize, with D-16. `first` tells an empty text from no text: phoenix.js joins empty pairs too.
class QueryWriter {
 public:
  explicit QueryWriter(const UrlPolicy& policy) : policy_(policy) {}

  void write(const std::string& key, const Json& value) {
    if (value.is_null()) return write_null(key);
    if (!value.is_structured()) return pair(encode_uri_component(key) + '=' + encode_uri_component(scalar_text(value)));
    if (value.empty()) {
      if (!policy_.omit_empty_lists) pair("");
      return;
    }
    std::size_t index = 0;
    for (const auto& [name, item] : value.items()) write(key + '[' + (value.is_array() ? std::to_string(index++) : name) + ']', item);
  }
  std::string take() && { return std::move(out_); }

 private:
  void write_null(const std::string& key) {
    switch (policy_.null_param) {
      case NullParam::omit: return;
      case NullParam::empty_value: return pair(encode_uri_component(key) + '=');
      case NullParam::empty_pair: return pair("");
    }
  }
  void pair(std::string_view text) {
    if (!first_) out_ += '&';
    first_ = false;
    out_ += text;
  }

  const UrlPolicy& policy_;
  std::string out_;
  bool first_ = true;
};

struct Endpoint {
  std::string base;   // scheme://authority/path, without a slash at the end
  std::string query;  // without '?'
};

Result<Endpoint> parse_endpoint(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return failure(Errc::bad_url);
  std::string_view scheme = url.substr(0, scheme_end);
  if (scheme == "http") scheme = "ws";
  if (scheme == "https") scheme = "wss";
  if (scheme != "ws" && scheme != "wss") return failure(Errc::bad_url);
  std::string_view rest = url.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t question = rest.find('?');
  std::string_view query = question == std::string_view::npos ? std::string_view{} : rest.substr(question + 1);
  std::string_view place = rest.substr(0, question);
  while (place.ends_with('/')) place.remove_suffix(1);
  const std::string_view authority = place.substr(0, place.find('/'));
  const bool printable = place.find_first_of(std::string_view(" \t\r\n\0", 5)) == std::string_view::npos;
  if (authority.empty() || authority.front() == ':' || !printable) return failure(Errc::bad_url);
  return Endpoint{std::string(scheme) + "://" + std::string(place), std::string(query)};
}

}  // namespace

std::string encode_uri_component(std::string_view text) {
  constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15U];
  }
  return out;
}

Result<std::string> encode_query(const Json& params, const UrlPolicy& policy) {
  if (params.is_null()) return std::string{};
  if (!params.is_object()) return failure(Errc::bad_url);
  QueryWriter writer(policy);
  for (const auto& [key, value] : params.items()) writer.write(key, value);
  return std::move(writer).take();
}

Result<std::string> websocket_url(std::string_view endpoint, const Json& params, std::string_view vsn, const UrlPolicy& policy) {
  const Result<std::string> query = encode_query(params, policy);
  if (!query) return tl::unexpected(query.error());
  const std::string version = "vsn=" + encode_uri_component(vsn);
  if (!policy.parse_endpoint) {
    std::string url = std::string(endpoint) + "/websocket";
    if (params.is_object() && !params.empty()) url += (url.find('?') == std::string::npos ? '?' : '&') + *query;
    return url + (url.find('?') == std::string::npos ? '?' : '&') + version;
  }
  const Result<Endpoint> parsed = parse_endpoint(endpoint);
  if (!parsed) return tl::unexpected(parsed.error());
  std::string all = parsed->query;
  if (!query->empty()) append_pair(all, *query);
  append_pair(all, version);
  return parsed->base + "/websocket?" + all;
}

std::string longpoll_url(std::string_view websocket_url) {
  const std::size_t question = websocket_url.find('?');
  std::string url(websocket_url.substr(0, question));
  if (url.starts_with("ws://") || url.starts_with("wss://")) url.replace(0, 2, "http");
  if (const std::size_t at = url.rfind("/websocket"); at != std::string::npos)
    url.replace(at, std::string_view("/websocket").size(), "/longpoll");
  if (question != std::string_view::npos) url += websocket_url.substr(question);
  return url;
}

std::string auth_subprotocol(std::string_view token) {
  std::string encoded = base64_encode(token);
  encoded.erase(encoded.find_last_not_of('=') + 1);
  return std::string(auth_prefix) + encoded;
}

std::optional<std::string> auth_token_of(std::span<const std::string> subprotocols) {
  if (subprotocols.size() != 2 || !subprotocols[1].starts_with(auth_prefix)) return std::nullopt;
  return base64_decode(std::string_view(subprotocols[1]).substr(auth_prefix.size()), Padding::optional);
}

}  // namespace phx::core
