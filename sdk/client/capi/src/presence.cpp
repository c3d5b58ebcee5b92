#include <phx/client/presence.hpp>

#include <phx/core/json_text.hpp>

#include "support.hpp"

using namespace phx::capi;
namespace client = phx::client;

struct phx_presence {
  client::Presence presence;
  std::vector<client::Subscription> handlers{};
};

namespace {

using EntryHandler = void (*)(void*, const phx_presence_entry*);

std::string metas_json(const client::PresenceEntry& entry) {
  std::string out = "[";
  for (const auto& meta : entry.metas) {
    if (out.size() > 1) out += ',';
    out += meta.json;
  }
  return out += ']';
}

void tell(EntryHandler fn, const User& user, const client::PresenceEntry& entry) {
  const std::string metas = metas_json(entry);
  const phx_presence_entry out{to_c(entry.key), to_c(metas)};
  fn(user.get(), &out);
}

}  // namespace

phx_status phx_presence_new(phx_channel* channel, const phx_presence_handlers* handlers, phx_presence** out) {
  return guarded([&] {
    const auto h = sized(handlers, "handlers");
    const User user = own(h.user, h.drop);
    required(out, "out") = nullptr;
    auto made = std::make_unique<phx_presence>(phx_presence{client::Presence(required(channel, "channel").channel)});
    auto& presence = made->presence;
    if (h.on_join)
      made->handlers.push_back(
          presence.on_join([fn = h.on_join, user](const client::PresenceJoined& joined) { tell(fn, user, joined.presence); }));
    if (h.on_leave)
      made->handlers.push_back(
          presence.on_leave([fn = h.on_leave, user](const client::PresenceLeft& left) { tell(fn, user, left.presence); }));
    if (h.on_sync) made->handlers.push_back(presence.on_sync([fn = h.on_sync, user] { fn(user.get()); }));
    *out = made.release();
  });
}

void phx_presence_free(phx_presence* presence) {
  guarded([&] { delete presence; });
}

phx_status phx_presence_list(const phx_presence* presence, phx_text** out) {
  return guarded([&] {
    required(out, "out") = nullptr;
    auto text = std::make_unique<phx_text>();
    text->text = "{";
    for (const auto& entry : required(presence, "presence").presence.list()) {
      if (text->text.size() > 1) text->text += ',';
      phx::core::append_json_string(text->text, entry.key);
      text->text += ":{\"metas\":" + metas_json(entry) + "}";
    }
    text->text += '}';
    *out = text.release();
  });
}
