// What comes in, against what is expected.
#include "actor_impl.hpp"

#include <algorithm>

namespace phx::scenario {
namespace {

Json parsed(std::string_view text) {
  auto json = parse_json(text);
  return json ? std::move(*json) : Json(std::string(text));
}

std::string cut(std::string text) {
  if (text.size() > 300) text.replace(297, std::string::npos, "...");
  return text;
}

}  // namespace

std::vector<std::string> difference_lines(const std::vector<Mismatch>& differences) {
  std::vector<std::string> out;
  for (const Mismatch& m : differences) {
    out.push_back(to_text({m}, ""));
    out.back().pop_back();
  }
  return out;
}

void ActorCore::Impl::opened() {
  connected = true;
  note({.kind = TimelineEntry::Kind::note, .at = now, .event = "connected"});
  for (Strand& s : strands) {
    if (s.wait != Wait::open) continue;
    failing = s.step;
    if (std::get<ConnectStep>(s.step->kind).refused)
      throw StepFailed{FailureKind::assertion, "the server took the connection, a refusal was expected"};
    resume(s);
  }
}

void ActorCore::Impl::refused(const Refusal& why) {
  note({.kind = TimelineEntry::Kind::note, .at = now, .event = "refused: " + why.message});
  for (Strand& s : strands) {
    if (s.wait != Wait::open) continue;
    failing = s.step;
    const auto& step = std::get<ConnectStep>(s.step->kind);
    if (!step.refused || why.http_status == 0)
      throw StepFailed{why.timed_out ? FailureKind::connect_timeout : FailureKind::cannot_connect, why.message};
    if (step.refused_status && *step.refused_status != why.http_status)
      throw StepFailed{FailureKind::assertion,
                       "refused with another status",
                       {"expected " + std::to_string(*step.refused_status) + ", got " + std::to_string(why.http_status)}};
    resume(s);
  }
}

/// Told at once to those who wait for something of the connection, to the others when they need it.
void ActorCore::Impl::connection_closed(std::uint16_t code, std::string_view reason) {
  if (!connected) return;
  connected = false;
  closed = Closed{code, std::string(reason)};
  note({.kind = TimelineEntry::Kind::note,
        .at = now,
        .event = "connection closed, code " + std::to_string(code) + (reason.empty() ? "" : ": " + std::string(reason))});
  for (Strand& s : strands) {
    failing = s.step;
    switch (s.done ? Wait::none : s.wait) {
      case Wait::closed:
        check_closed(std::get<ExpectClosedStep>(s.step->kind), *s.step);
        resume(s);
        break;
      case Wait::open:
      case Wait::reply:
      case Wait::message:
      case Wait::presence: need_connection(); break;
      case Wait::none:
      case Wait::refute:
      case Wait::pause:
      case Wait::next_round:
      case Wait::http:
      case Wait::sync:
      case Wait::branches: break;
    }
  }
}

void ActorCore::Impl::check_closed(const ExpectClosedStep& step, const Step& whole) {
  const Json code = closed->code;
  closed.reset();
  connected = false;
  channels.clear();
  check(step.code, code, "another close code", whole);
}

void ActorCore::Impl::check(const Pattern& pattern, const Json& value, const std::string& what, const Step& step) {
  const auto differences = pattern.explain(value, scope(), &variables);
  if (!differences.empty()) throw StepFailed{FailureKind::assertion, what, difference_lines(differences)};
  capture(step, value);
}

void ActorCore::Impl::capture(const Step& step, const Json& value) {
  for (const auto& [name, pointer] : step.capture) {
    const Json* found = find_pointer(value, pointer);
    if (found == nullptr) throw StepFailed{FailureKind::assertion, "nothing to capture at " + pointer, {"got " + cut(to_json_text(value))}};
    variables[name] = *found;
  }
}

void ActorCore::Impl::answer(Strand& s, std::string_view status, std::string_view response) {
  const Json value = parsed(response);
  const auto* join = std::get_if<JoinStep>(&s.step->kind);
  const auto* push = std::get_if<PushStep>(&s.step->kind);
  const bool leaves = join == nullptr && push == nullptr;
  const std::string& on = join != nullptr ? join->as : push != nullptr ? push->on : std::get<LeaveStep>(s.step->kind).on;
  note({.kind = TimelineEntry::Kind::received,
        .at = now,
        .topic = topic_of(on),
        .event = "phx_reply " + std::string(status),
        .payload = std::string(response),
        .used = true});
  if (leaves || (join != nullptr && status != "ok")) channels.erase(on);
  static const ReplyExpectation any_leave{};
  const ReplyExpectation& expected = join != nullptr ? join->expect : push != nullptr ? *push->expect : any_leave;
  if (expected.status != "any" && expected.status != status)
    throw StepFailed{
        FailureKind::assertion,
        "the reply to " + std::string(step_word(*s.step)) + " is not '" + expected.status + "'",
        {"expected status \"" + expected.status + "\", got \"" + std::string(status) + "\" with " + cut(std::string(response))}};
  check(expected.response, value, "the reply to " + std::string(step_word(*s.step)) + " is not as expected", *s.step);
  resume(s);
}

void ActorCore::Impl::http_answer(Strand& s, int status, std::string_view body) {
  const auto& step = std::get<HttpStep>(s.step->kind);
  note({.kind = TimelineEntry::Kind::received,
        .at = now,
        .topic = {},
        .event = "HTTP " + std::to_string(status),
        .payload = cut(std::string(body)),
        .used = true});
  const bool fits = step.status ? step.status->matches(status, scope()) : status >= 200 && status < 300;
  if (!fits)
    throw StepFailed{FailureKind::assertion,
                     "the answer has another status",
                     {"expected " + (step.status ? step.status->describe() : std::string("200 to 299")) + ", got " +
                      std::to_string(status) + " with " + cut(std::string(body))}};
  check(step.response, body.empty() ? Json() : parsed(body), "the answer is not as expected", *s.step);
  resume(s);
}

void ActorCore::Impl::message(std::uint32_t handle, std::string_view event, std::string_view payload) {
  const auto it = std::ranges::find_if(channels, [&](const auto& c) { return c.second.handle == handle; });
  if (it == channels.end()) return;  // came behind our leave
  Channel& from = it->second;
  const bool wanted = may_want(event);
  const std::size_t entry = !wanted ? timeline.size()
                                    : note({.kind = TimelineEntry::Kind::received,
                                            .at = now,
                                            .topic = from.topic,
                                            .event = std::string(event),
                                            .payload = std::string(payload)});
  core::PresenceEffects ignored;
  if (from.presence && from.presence->wants(event)) (void)from.presence->on_message(event, payload, core::Ref(handle), ignored);
  for (Strand& s : strands) {
    if (s.done) continue;
    failing = s.step;
    if (s.wait == Wait::refute && wanted)
      check_refuted(std::get<RefuteStep>(s.step->kind), entry);
    else if ((s.wait == Wait::message && wanted && take(std::get<ExpectStep>(s.step->kind), *s.step, entry)) ||
             (s.wait == Wait::presence && presence_fits(std::get<ExpectPresenceStep>(s.step->kind), *s.step)))
      resume(s);
  }
}

bool ActorCore::Impl::message_fits(const std::string& on, const std::string& event, std::size_t entry) const {
  const TimelineEntry& e = timeline[entry];
  return e.kind == TimelineEntry::Kind::received && !e.used && e.event == event && (on.empty() || e.topic == topic_of(on));
}

bool ActorCore::Impl::take(const ExpectStep& step, const Step& whole, std::size_t entry) {
  if (!message_fits(step.on, step.event, entry)) return false;
  const Json value = parsed(timeline[entry].payload);
  if (!step.payload.explain(value, scope(), &variables).empty()) return false;
  timeline[entry].used = true;
  ++taken;
  capture(whole, value);
  return true;
}

void ActorCore::Impl::check_refuted(const RefuteStep& step, std::size_t entry) const {
  if (!message_fits(step.on, step.event, entry) || !step.payload.matches(parsed(timeline[entry].payload), scope())) return;
  throw StepFailed{FailureKind::assertion, "'" + step.event + "' came, and should not", {"got " + cut(timeline[entry].payload)}, entry};
}

Json ActorCore::Impl::presence_list(const std::string& on) const {
  Json list = Json::object();
  const auto it = channels.find(on);
  if (it == channels.end()) return list;
  for (const core::Presence& p : it->second.presence->list()) {
    Json entry = parsed(p.fields);
    entry["metas"] = Json::array();
    for (const core::PresenceMeta& meta : p.metas) entry["metas"].push_back(parsed(meta.json));
    list[p.key] = std::move(entry);
  }
  return list;
}

bool ActorCore::Impl::presence_fits(const ExpectPresenceStep& step, const Step& whole) {
  const Json list = presence_list(step.on);
  const auto it = channels.find(step.on);
  if (it == channels.end() || it->second.presence->pending(core::Ref(it->second.handle))) return false;
  if (!step.presence.explain(list, scope(), &variables).empty()) return false;
  capture(whole, list);
  return true;
}

/// The message with the fewest differences, and what they are.
StepFailed ActorCore::Impl::missed(const ExpectStep& step, std::string waited) {
  StepFailed why{FailureKind::assertion, "no '" + step.event + "'" + (step.on.empty() ? "" : " on " + step.on) + " within " + waited};
  why.details.push_back("expected payload " + step.payload.describe());
  std::size_t least = ~std::size_t{0};
  std::vector<std::string> nearest;
  for (std::size_t i = 0; i < timeline.size(); ++i) {
    const TimelineEntry& e = timeline[i];
    if (e.kind != TimelineEntry::Kind::received || e.used || (!step.on.empty() && e.topic != topic_of(step.on))) continue;
    auto differences = difference_lines(step.payload.explain(parsed(e.payload), scope()));
    if (e.event != step.event) differences.insert(differences.begin(), "event: expected \"" + step.event + "\", got \"" + e.event + "\"");
    const std::size_t weight = differences.size() + (e.event == step.event ? 0 : 2);
    if (weight > least) continue;
    least = weight;
    nearest = std::move(differences);
    why.nearest = i;
  }
  for (std::string& line : nearest) why.details.push_back("nearest message, " + line);
  return why;
}

}  // namespace phx::scenario
