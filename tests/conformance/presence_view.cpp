#include "conformance/presence_view.hpp"

namespace phx::conformance {

void PresenceView::apply(const Json& message) {
  const Json& payload = message.at(4);
  if (message.at(3) == "presence_state") {
    members_.clear();
    join(payload);
  } else {
    join(payload.at("joins"));
    leave(payload.at("leaves"));
  }
}

void PresenceView::join(const Json& entries) {
  for (const auto& [key, entry] : entries.items()) {
    for (Json meta : entry.at("metas")) {
      const auto ref = meta.at("phx_ref").get<std::string>();
      meta.erase("phx_ref");
      meta.erase("phx_ref_prev");
      members_[key][ref] = to_json_text(meta);
    }
  }
}

void PresenceView::leave(const Json& entries) {
  for (const auto& [key, entry] : entries.items()) {
    for (const Json& meta : entry.at("metas")) members_[key].erase(meta.at("phx_ref").get<std::string>());
    if (members_[key].empty()) members_.erase(key);
  }
}

PresenceView::Metas PresenceView::metas() const {
  Metas out;
  for (const auto& [key, by_ref] : members_) {
    for (const auto& [ref, meta] : by_ref) out[key].insert(meta);
  }
  return out;
}

std::string PresenceView::text() const {
  Json out = Json::object();
  for (const auto& [key, metas] : metas()) out[key] = metas;
  return to_json_text(out);
}

}  // namespace phx::conformance
