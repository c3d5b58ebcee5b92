// Reading presence payloads. ordered_json: the order of keys in the text is the order of notifications (N5, N8).
#include <phx/core/client/presence.hpp>

#include <utility>

#include <nlohmann/json.hpp>

namespace phx::core {
namespace {

using OrderedJson = nlohmann::ordered_json;

Result<Presence> read_presence(const std::string& key, OrderedJson& value) {
  if (!value.is_object()) return failure(Errc::bad_envelope);
  const auto metas = value.find("metas");
  if (metas == value.end() || !metas->is_array()) return failure(Errc::bad_envelope);
  Presence presence{.key = key, .metas = {}};
  for (const OrderedJson& meta : *metas) {
    if (!meta.is_object()) return failure(Errc::bad_envelope);
    const auto ref = meta.find("phx_ref");
    if (ref == meta.end() || !ref->is_string()) return failure(Errc::bad_envelope);
    presence.metas.push_back({ref->get<std::string>(), meta.dump()});
  }
  value.erase("metas");
  if (!value.empty()) presence.fields = value.dump();
  return presence;
}

Result<PresenceState> read_state(OrderedJson& json) {
  if (!json.is_object()) return failure(Errc::bad_envelope);
  PresenceState state;
  for (auto& [key, value] : json.items()) {
    Result<Presence> presence = read_presence(key, value);
    if (!presence) return tl::unexpected(presence.error());
    state.put(std::move(*presence));
  }
  return state;
}

Result<OrderedJson> parse(std::string_view text) {
  OrderedJson json = OrderedJson::parse(text, nullptr, false);
  if (json.is_discarded()) return failure(Errc::bad_json);
  return json;
}

}  // namespace

Result<PresenceState> parse_presence_state(std::string_view json) {
  Result<OrderedJson> parsed = parse(json);
  if (!parsed) return tl::unexpected(parsed.error());
  return read_state(*parsed);
}

Result<PresenceDiff> parse_presence_diff(std::string_view json) {
  Result<OrderedJson> parsed = parse(json);
  if (!parsed) return tl::unexpected(parsed.error());
  if (!parsed->is_object()) return failure(Errc::bad_envelope);
  const auto joins = parsed->find("joins");
  const auto leaves = parsed->find("leaves");
  if (joins == parsed->end() || leaves == parsed->end()) return failure(Errc::bad_envelope);
  Result<PresenceState> joined = read_state(*joins);
  if (!joined) return tl::unexpected(joined.error());
  Result<PresenceState> left = read_state(*leaves);
  if (!left) return tl::unexpected(left.error());
  return PresenceDiff{std::move(*joined), std::move(*left)};
}

}  // namespace phx::core
