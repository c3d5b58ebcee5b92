#include <phx/core/ws/handshake.hpp>

#include <phx/core/base64.hpp>
#include <phx/core/ws/utf8.hpp>

#include "ws_http_text.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace phx::core::ws {
namespace {

using namespace http_text;

constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// RFC 6455 4.1: 16 bytes are 22 digits and "==", and the last digit carries two bits only.
bool is_key(std::string_view text) noexcept {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() != 24 || !text.ends_with("==") || text.find_first_not_of(digits) != 22) return false;
  return digits.find(text[21]) % 16 == 0;
}

std::vector<std::string_view> values_of(const HeaderList& headers, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : headers) {
    if (key == name) values.push_back(value);
  }
  return values;
}

bool any_contains(const std::vector<std::string_view>& lists, std::string_view token) {
  return std::any_of(lists.begin(), lists.end(), [&](std::string_view list) { return list_contains(list, token); });
}

/// As Elixir's inspect/1 writes a string; one that is not printable becomes its bytes.
std::string inspect(std::string_view text) {
  std::string out;
  if (!is_field_value(text) || !Utf8Checker::check(text)) {
    for (const char c : text) out += (out.empty() ? "<<" : ", ") + std::to_string(static_cast<unsigned char>(c));
    return out + ">>";
  }
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\t') {
      out += "\\t";
      continue;
    }
    if (c == '"' || c == '\\' || (c == '#' && text.substr(i).starts_with("#{"))) out += '\\';
    out += c;
  }
  return out + '"';
}

std::string inspect(const std::vector<std::string_view>& texts) {
  std::string out = "[";
  for (const auto text : texts) out += (out.size() > 1 ? ", " : "") + inspect(text);
  return out + "]";
}

tl::unexpected<UpgradeRefusal> refuse(std::string body, HeaderList headers = {}) {
  return tl::unexpected(UpgradeRefusal{400, std::move(body), std::move(headers)});
}

/// The order and the texts of bandit: golden no_host, no_upgrade_header, no_connection_header, no_key, bad_ws_version, no_ws_version.
tl::expected<std::string, UpgradeRefusal> check_like_phoenix(const HeaderList& headers) {
  const auto connection = values_of(headers, "connection");
  const auto upgrade = values_of(headers, "upgrade");
  const auto keys = values_of(headers, "sec-websocket-key");
  const auto versions = values_of(headers, "sec-websocket-version");
  if (values_of(headers, "host").empty()) return refuse("", {{"connection", "close"}});
  if (!any_contains(connection, "upgrade")) return refuse("'connection' header must contain 'upgrade', got " + inspect(connection));
  if (!any_contains(upgrade, "websocket")) return refuse("'upgrade' header must contain 'websocket', got " + inspect(upgrade));
  if (keys.empty()) return refuse("'sec-websocket-key' header is absent");
  if (versions != std::vector<std::string_view>{"13"}) {
    return refuse("'sec-websocket-version' header must equal '13', got " + inspect(versions));
  }
  return accept_value(keys.front());
}

/// RFC 6455 4.2.1, 4.2.2. Says what is wrong without repeating what came.
tl::expected<std::string, UpgradeRefusal> check_strictly(const HeaderList& headers) {
  const auto keys = values_of(headers, "sec-websocket-key");
  const auto versions = values_of(headers, "sec-websocket-version");
  const HeaderList supported{{"sec-websocket-version", "13"}};
  if (values_of(headers, "host").size() != 1) return refuse("exactly one 'host' header is needed");
  if (!any_contains(values_of(headers, "connection"), "upgrade")) return refuse("'connection' header must contain 'upgrade'");
  if (!any_contains(values_of(headers, "upgrade"), "websocket")) return refuse("'upgrade' header must contain 'websocket'");
  if (versions.empty()) return refuse("'sec-websocket-version' header is absent", supported);
  if (versions != std::vector<std::string_view>{"13"}) {
    return tl::unexpected(UpgradeRefusal{426, "'sec-websocket-version' must be 13", supported});
  }
  if (keys.size() != 1) return refuse("exactly one 'sec-websocket-key' header is needed");
  if (!is_key(keys.front())) return refuse("'sec-websocket-key' must be 16 bytes in base64");
  return accept_value(keys.front());
}

}  // namespace

std::string accept_value(std::string_view key) {
  const std::string text = std::string(key).append(guid);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
    throw std::runtime_error("SHA-1 is not available");
  }
  return base64_encode({reinterpret_cast<const char*>(digest.data()), size});
}

std::string make_key(std::string_view random16) {
  if (random16.size() != 16) throw std::invalid_argument("make_key: 16 random bytes are needed");
  return base64_encode(random16);
}

tl::expected<std::string, UpgradeRefusal> check_upgrade(const HeaderList& headers, Strictness strictness) {
  return strictness == Strictness::phoenix ? check_like_phoenix(headers) : check_strictly(headers);
}

}  // namespace phx::core::ws
