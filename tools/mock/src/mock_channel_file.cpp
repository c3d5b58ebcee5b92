#include "mock_channel_file.hpp"

#include <algorithm>

namespace phx::mock {

using scenario::TemplateNames;
using scenario::Yaml;

namespace {

/// Every name that some `set` gives a value to may be used anywhere in the channel.
void collect_names(const Yaml& value, TemplateNames& names) {
  if (!value.tag().empty()) return;  // a pattern
  if (value.is_sequence())
    for (const Yaml& item : value.items()) collect_names(item, names);
  if (!value.is_mapping()) return;
  for (const auto& entry : value.entries()) {
    if (entry.key == "set" && entry.value.is_mapping())
      for (const auto& variable : entry.value.entries()) names.variables.push_back(variable.key);
    collect_names(entry.value, names);
  }
}

class ChannelParser {
 public:
  explicit ChannelParser(const Yaml& channel) {
    names_.variables = {"payload", "topic", "event", "params", "join_payload", "state"};
    if (channel.is_mapping()) collect_names(channel, names_);
  }

  MockChannelScript parse(const Yaml::Entry& entry) const {
    MockChannelScript out;
    out.pattern = entry.key;
    const std::size_t star = out.pattern.find('*');
    if (out.pattern.empty() || (star != std::string::npos && star + 1 != out.pattern.size()))
      entry.value.fail("a topic is exact or ends in *, as in \"room:*\"");
    const Yaml& channel = entry.value;
    if (channel.is_null()) return out;
    channel.only_keys({"state", "join", "on", "every", "presence", "track"});
    if (const Yaml* state = channel.find("state")) out.state = state->string();
    if (const Yaml* join = channel.find("join"))
      for (const Yaml* r : one_or_many(*join)) out.join.push_back(rule(*r, true));
    if (const Yaml* on = channel.find("on"))
      for (const auto& event : on->entries())
        for (const Yaml* r : one_or_many(event.value)) out.on[event.key].push_back(rule(*r, false));
    if (const Yaml* every = channel.find("every"))
      for (const Yaml* t : one_or_many(*every)) out.every.push_back(timer(*t));
    if (const Yaml* presence = channel.find("presence")) {
      out.has_presence = true;
      for (const Yaml* step : one_or_many(*presence)) out.presence.push_back(presence_step(*step));
    }
    if (const Yaml* track = channel.find("track")) {
      track->only_keys({"key", "meta"});
      out.has_presence = true;
      const Yaml* meta = track->find("meta");
      out.track = {Template::from_yaml(track->at("key"), names_), meta ? JsonTemplate::from_yaml(*meta, names_) : JsonTemplate()};
    }
    return out;
  }

 private:
  MockRule rule(const Yaml& r, bool join) const {
    r.only_keys(
        {"when", "times", "reply", "push", "broadcast", "broadcast_from", "reply_first", "after", "state", "set", "close", "crash"});
    MockRule out;
    out.line = r.place().line;
    if (const Yaml* when = r.find("when")) {
      when->only_keys({"payload", "state"});
      if (const Yaml* payload = when->find("payload")) out.payload = Pattern::from_yaml(*payload, names_);
      if (const Yaml* state = when->find("state")) out.state = state->string();
    }
    if (const Yaml* times = r.find("times")) out.times = static_cast<std::uint64_t>(times->integer(1));
    out.actions = actions(r);
    if (join && out.actions.close) r.at("close").fail("a join cannot close; refuse it: reply: { status: error }");
    return out;
  }

  MockActions actions(const Yaml& a) const {
    MockActions out;
    if (const Yaml* reply = a.find("reply")) out.reply = parse_reply(*reply);
    if (const Yaml* push = a.find("push")) out.push = messages(*push, false);
    if (const Yaml* broadcast = a.find("broadcast")) out.broadcast = messages(*broadcast, true);
    if (const Yaml* broadcast = a.find("broadcast_from")) out.broadcast_from = messages(*broadcast, false);
    if (const Yaml* first = a.find("reply_first")) out.reply_first = first->boolean();
    if (const Yaml* after = a.find("after")) out.after = after->duration();
    if (const Yaml* state = a.find("state")) out.go = state->string();
    if (const Yaml* set = a.find("set"))
      for (const auto& variable : set->entries()) out.set.emplace_back(variable.key, JsonTemplate::from_yaml(variable.value, names_));
    if (const Yaml* close = a.find("close")) out.close = close->boolean();
    if (const Yaml* crash = a.find("crash")) out.crash = crash->boolean();
    return out;
  }

  MockReply parse_reply(const Yaml& reply) const {
    reply.only_keys({"status", "response"});
    MockReply out;
    if (const Yaml* status = reply.find("status")) out.status = Template::from_yaml(*status, names_);
    if (const Yaml* response = reply.find("response")) out.response = payload(*response);
    return out;
  }

  /// {"$binary": ...} without a template in it is checked now.
  JsonTemplate payload(const Yaml& value) const {
    if (value.is_mapping() && value.entries().size() == 1 && value.entries()[0].key == "$binary") {
      const Yaml& bytes = value.entries()[0].value;
      if (bytes.text().find("{{") == std::string::npos && !binary_of(value.json())) bytes.fail("$binary must be base64");
    }
    return JsonTemplate::from_yaml(value, names_);
  }

  std::vector<MockMessage> messages(const Yaml& value, bool with_topic) const {
    std::vector<MockMessage> out;
    for (const Yaml* m : one_or_many(value)) {
      if (with_topic)
        m->only_keys({"topic", "event", "payload", "after"});
      else
        m->only_keys({"event", "payload", "after"});
      MockMessage message;
      message.event = Template::from_yaml(m->at("event"), names_);
      if (const Yaml* p = m->find("payload")) message.payload = payload(*p);
      if (const Yaml* topic = m->find("topic")) message.topic = Template::from_yaml(*topic, names_);
      if (const Yaml* after = m->find("after")) message.after = after->duration();
      out.push_back(std::move(message));
    }
    return out;
  }

  MockTimer timer(const Yaml& t) const {
    t.only_keys({"after", "times", "when", "push", "broadcast", "broadcast_from", "state", "set", "close", "crash"});
    MockTimer out;
    out.every = t.at("after").duration();
    if (out.every < std::chrono::milliseconds(1)) t.at("after").fail("a timer needs at least 1ms");
    if (const Yaml* times = t.find("times")) out.times = static_cast<std::uint64_t>(times->integer(1));
    if (const Yaml* when = t.find("when")) {
      when->only_keys({"state"});
      out.state = when->at("state").string();
    }
    out.actions = actions(t);
    out.actions.after = {};
    return out;
  }

  static MockPresenceStep presence_step(const Yaml& step) {
    step.only_keys({"at", "join", "leave"});
    MockPresenceStep out;
    if (const Yaml* at = step.find("at")) out.at = at->duration();
    if (const Yaml* join = step.find("join"))
      for (const auto& who : join->entries()) {
        Json meta = who.value.is_null() ? Json::object() : who.value.json();
        if (!meta.is_object()) who.value.fail("a presence has an object as meta, as in bob: { status: online }");
        out.join.emplace_back(who.key, std::move(meta));
      }
    if (const Yaml* leave = step.find("leave"))
      for (const Yaml* who : one_or_many(*leave)) out.leave.push_back(who->string());
    return out;
  }

  TemplateNames names_;
};

}  // namespace

MockChannelScript parse_channel(const Yaml::Entry& entry) { return ChannelParser(entry.value).parse(entry); }

std::vector<const Yaml*> one_or_many(const Yaml& value) {
  std::vector<const Yaml*> out;
  if (!value.is_sequence()) return {&value};
  for (const Yaml& item : value.items()) out.push_back(&item);
  return out;
}

}  // namespace phx::mock
