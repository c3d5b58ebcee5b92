// Negotiation of permessage-deflate: RFC 7692 5 and 7.1.

#include <phx/core/ws/deflate.hpp>

#include "ws_http_text.hpp"

namespace phx::core::ws {
namespace {

using namespace http_text;

constexpr std::uint8_t max_bits = 15;

enum class Side : std::uint8_t { offer, answer };

struct Parameters {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  std::optional<std::uint8_t> server_max_window_bits, client_max_window_bits;
};

/// next_item() that leaves quoted strings whole.
std::string_view next_element(std::string_view& list, char separator) noexcept {
  std::size_t end = 0;
  for (bool quoted = false; end < list.size() && (quoted || list[end] != separator); ++end) {
    if (list[end] == '"') quoted = !quoted;
    if (quoted && list[end] == '\\' && end + 1 < list.size()) ++end;
  }
  const std::string_view item = trim(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return item;
}

/// 8 to 15 without leading zeros, quoted or not (RFC 7692 7.1.2, RFC 6455 9.1).
std::optional<std::uint8_t> read_bits(std::string_view text) noexcept {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (text == "8" || text == "9") return static_cast<std::uint8_t>(text[0] - '0');
  if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') return static_cast<std::uint8_t>(10 + text[1] - '0');
  return std::nullopt;
}

bool read_switch(bool& value, bool has_text) noexcept {
  if (value || has_text) return false;
  value = true;
  return true;
}

bool read_size(std::optional<std::uint8_t>& value, std::optional<std::string_view> text, bool needs_text) noexcept {
  if (value || (!text && needs_text)) return false;
  value = text ? read_bits(*text) : max_bits;
  return value.has_value();
}

bool read_parameter(std::string_view parameter, Side side, Parameters& out) {
  const std::size_t equals = parameter.find('=');
  const std::string name = to_lower(trim(parameter.substr(0, equals)));
  std::optional<std::string_view> text;
  if (equals != std::string_view::npos) text = trim(parameter.substr(equals + 1));
  if (name == "server_no_context_takeover") return read_switch(out.server_no_context_takeover, text.has_value());
  if (name == "client_no_context_takeover") return read_switch(out.client_no_context_takeover, text.has_value());
  if (name == "server_max_window_bits") return read_size(out.server_max_window_bits, text, true);
  if (name == "client_max_window_bits") return read_size(out.client_max_window_bits, text, side == Side::answer);
  return false;
}

/// nullopt: another extension, or one of the parameters is unknown, repeated or malformed.
std::optional<Parameters> read_extension(std::string_view extension, Side side) {
  if (!equals_ignoring_case(next_element(extension, ';'), "permessage-deflate")) return std::nullopt;
  Parameters out;
  while (!extension.empty())
    if (!read_parameter(next_element(extension, ';'), side, out)) return std::nullopt;
  return out;
}

/// Bandit's order and spacing (golden connect/deflate_no_context).
DeflateAnswer grant(const Parameters& wanted) {
  DeflateAnswer out{{wanted.server_no_context_takeover, wanted.client_no_context_takeover, wanted.server_max_window_bits.value_or(max_bits),
                     wanted.client_max_window_bits.value_or(max_bits)},
                    "permessage-deflate"};
  if (wanted.server_no_context_takeover) out.header += ";server_no_context_takeover";
  if (wanted.client_no_context_takeover) out.header += ";client_no_context_takeover";
  if (wanted.server_max_window_bits) out.header += ";server_max_window_bits=" + std::to_string(*wanted.server_max_window_bits);
  if (wanted.client_max_window_bits) out.header += ";client_max_window_bits=" + std::to_string(*wanted.client_max_window_bits);
  return out;
}

}  // namespace

std::optional<DeflateAnswer> answer_deflate(std::string_view offers, bool client_context_takeover) {
  while (!offers.empty()) {
    auto wanted = read_extension(next_element(offers, ','), Side::offer);
    if (!wanted) continue;
    wanted->client_no_context_takeover = wanted->client_no_context_takeover || !client_context_takeover;
    return grant(*wanted);
  }
  return std::nullopt;
}

std::string offer_text(const DeflateOffer& offer) {
  std::string out = "permessage-deflate";
  if (offer.server_no_context_takeover) out += "; server_no_context_takeover";
  if (offer.client_no_context_takeover) out += "; client_no_context_takeover";
  if (offer.server_max_window_bits) out += "; server_max_window_bits=" + std::to_string(*offer.server_max_window_bits);
  if (offer.client_max_window_bits) out += "; client_max_window_bits";
  if (offer.client_max_window_bits && *offer.client_max_window_bits < max_bits) out += "=" + std::to_string(*offer.client_max_window_bits);
  return out;
}

/// The server may add limits to itself unasked, and may forbid us the context; but our window only if we offered that, and what we
/// asked of it must be granted (RFC 7692 7.1.1, 7.1.2).
std::optional<DeflateParams> read_deflate_answer(std::string_view extension, const DeflateOffer& offer) {
  const auto got = read_extension(extension, Side::answer);
  if (!got) return std::nullopt;
  const auto client_bits = got->client_max_window_bits;
  if (offer.server_no_context_takeover && !got->server_no_context_takeover) return std::nullopt;
  if (offer.server_max_window_bits && got->server_max_window_bits.value_or(max_bits) > *offer.server_max_window_bits) return std::nullopt;
  if (client_bits && (!offer.client_max_window_bits || *client_bits > *offer.client_max_window_bits)) return std::nullopt;
  return DeflateParams{got->server_no_context_takeover, got->client_no_context_takeover || offer.client_no_context_takeover,
                       got->server_max_window_bits.value_or(max_bits),
                       client_bits.value_or(offer.client_max_window_bits.value_or(max_bits))};
}

}  // namespace phx::core::ws
