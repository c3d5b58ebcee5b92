// What each step does when its turn comes.
#include <phx/scenario/each_step.hpp>

#include "actor_impl.hpp"

namespace phx::scenario {
namespace {

constexpr std::string_view words[] = {"connect", "join", "push",       "leave", "expect", "expect presence", "expect closed", "refute",
                                      "wait",    "http", "disconnect", "set",   "sync",   "repeat",          "parallel"};
static_assert(std::size(words) == std::variant_size_v<Step::Kind>);

}  // namespace

std::string_view step_word(const Step& step) { return words[step.kind.index()]; }

std::string duration_text(Duration d) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
  if (us % 1'000'000 == 0) return std::to_string(us / 1'000'000) + "s";
  return us % 1000 == 0 ? std::to_string(us / 1000) + "ms" : std::to_string(us) + "us";
}

TemplateScope ActorCore::Impl::scope() const {
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - context.began).count();
  return {.user = context.user,
          .seq = seq,
          .unix_ms = context.unix_ms + passed,
          .counter = &counter,
          .random = &random,
          .variables = &variables,
          .outer = context.shared};
}

std::size_t ActorCore::Impl::note(TimelineEntry entry) {
  if (!context.timeline && (entry.kind != TimelineEntry::Kind::received || entry.used)) return timeline.size();
  if (timeline.size() >= context.mailbox_limit * 2) trim();
  timeline.push_back(std::move(entry));
  return timeline.size() - 1;
}

/// Half goes at once, so that a long run costs little per message.
void ActorCore::Impl::trim() { timeline.erase(timeline.begin(), timeline.begin() + static_cast<std::ptrdiff_t>(context.mailbox_limit)); }

/// Without a timeline other messages need not be kept.
bool ActorCore::Impl::may_want(std::string_view event) const {
  bool wanted = context.timeline;
  each_step(script, [&](const Step& step) {
    const auto* expect = std::get_if<ExpectStep>(&step.kind);
    const auto* refute = std::get_if<RefuteStep>(&step.kind);
    wanted = wanted || (expect != nullptr && expect->event == event) || (refute != nullptr && refute->event == event);
  });
  return wanted;
}

void ActorCore::Impl::forget_taken() {
  std::erase_if(timeline, &TimelineEntry::used);
  if (timeline.empty()) timeline = {};  // its memory too: most users wait for something most of the time
}

bool ActorCore::Impl::asks_for_presence() const {
  bool asks = false;
  each_step(script, [&](const Step& step) { asks = asks || std::holds_alternative<ExpectPresenceStep>(step.kind); });
  return asks;
}

void ActorCore::Impl::begin(std::size_t strand, const Step& step) {
  failing = &step;
  Strand& s = strands[strand];
  s.since = now;
  note({.kind = TimelineEntry::Kind::step, .at = now, .event = std::string(step_word(step)), .line = step.place.line});
  if (const auto* parallel = std::get_if<ParallelStep>(&step.kind)) return begin_parallel(strand, *parallel);
  std::visit(
      [&](const auto& kind) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(kind)>, ParallelStep>) begin_step(s, kind);
      },
      step.kind);
}

void ActorCore::Impl::wait_for(Strand& s, Wait what) {
  s.wait = what;
  s.deadline = now + s.step->within.value_or(context.within);
}

void ActorCore::Impl::need_connection() const {
  if (closed)
    throw StepFailed{FailureKind::connection_lost, "the connection was lost (close code " + std::to_string(closed->code) +
                                                       (closed->reason.empty() ? "" : ", " + closed->reason) + ")"};
  if (!connected) throw StepFailed{FailureKind::error, "not connected"};
}

ActorCore::Impl::Channel& ActorCore::Impl::channel(const std::string& name) {
  need_connection();
  const auto it = channels.find(name);
  if (it == channels.end()) throw StepFailed{FailureKind::error, "no channel '" + name + "' is joined"};
  return it->second;
}

std::string ActorCore::Impl::topic_of(const std::string& as) const {
  const auto it = channels.find(as);
  return it == channels.end() ? as : it->second.topic;
}

void ActorCore::Impl::begin_step(Strand& s, const ConnectStep& step) {
  if (connected && !closed) throw StepFailed{FailureKind::error, "connected already; disconnect first"};
  closed.reset();
  OpenConnection open{.url = step.url ? text(*step.url) : std::string(context.url),
                      .params = step.params.text(scope()),
                      .transport = step.transport,
                      .vsn = step.vsn};
  if (open.url.empty()) throw StepFailed{FailureKind::error, "no URL: give the scenario an 'url', or the program --url"};
  if (step.auth_token) open.auth_token = text(*step.auth_token);
  for (const auto& [name, value] : step.headers) open.headers.emplace_back(name, text(value));
  wait_for(s, Wait::open);
  open.within = *s.deadline - now;
  out->push_back(std::move(open));
}

void ActorCore::Impl::begin_step(Strand& s, const JoinStep& step) {
  need_connection();
  Channel joined{.handle = ++last_channel, .topic = text(step.topic)};
  if (joined.topic.empty()) throw StepFailed{FailureKind::error, "the topic is empty"};
  for (const auto& [as, other] : channels)
    if (other.topic == joined.topic)
      throw StepFailed{FailureKind::error, "the topic " + joined.topic + " is joined already, as '" + std::string(as) + "'"};
  SendJoin send{.id = s.id = ++last_id, .channel = joined.handle, .topic = joined.topic, .payload = step.payload.text(scope())};
  note({.kind = TimelineEntry::Kind::sent, .at = now, .topic = send.topic, .event = "phx_join", .payload = send.payload});
  if (asks_for_presence()) joined.presence = std::make_unique<core::PresenceCore>();
  channels.insert_or_assign(step.as, std::move(joined));
  wait_for(s, Wait::reply);
  out->push_back(std::move(send));
}

void ActorCore::Impl::begin_step(Strand& s, const PushStep& step) {
  Channel& to = channel(step.on);
  ++seq;
  SendPush send{
      .id = step.expect ? s.id = ++last_id : 0, .channel = to.handle, .event = text(step.event), .payload = step.payload.text(scope())};
  note({.kind = TimelineEntry::Kind::sent, .at = now, .topic = to.topic, .event = send.event, .payload = send.payload});
  if (step.expect) wait_for(s, Wait::reply);
  out->push_back(std::move(send));
}

void ActorCore::Impl::begin_step(Strand& s, const LeaveStep& step) {
  Channel& from = channel(step.on);
  note({.kind = TimelineEntry::Kind::sent, .at = now, .topic = from.topic, .event = "phx_leave"});
  s.id = ++last_id;
  wait_for(s, Wait::reply);
  out->push_back(SendLeave{s.id, from.handle});
}

void ActorCore::Impl::begin_step(Strand& s, const ExpectStep& step) {
  for (std::size_t i = 0; i < timeline.size(); ++i)
    if (take(step, *s.step, i)) return;
  need_connection();
  wait_for(s, Wait::message);
}

void ActorCore::Impl::begin_step(Strand& s, const ExpectPresenceStep& step) {
  if (presence_fits(step, *s.step)) return;
  need_connection();
  wait_for(s, Wait::presence);
}

void ActorCore::Impl::begin_step(Strand& s, const ExpectClosedStep& step) {
  if (closed) return check_closed(step, *s.step);
  need_connection();
  wait_for(s, Wait::closed);
}

void ActorCore::Impl::begin_step(Strand& s, const RefuteStep& step) {
  for (std::size_t i = 0; i < timeline.size(); ++i) check_refuted(step, i);
  s.wait = Wait::refute;
  s.deadline = now + step.duration;
}

void ActorCore::Impl::begin_step(Strand& s, const WaitStep& step) {
  s.wait = Wait::pause;
  s.deadline = now + step.duration;
}

/// "/api" belongs to the host of the socket.
std::string ActorCore::Impl::http_url(const std::string& url) const {
  if (!url.starts_with('/')) return url;
  const std::size_t host = context.url.find("://");
  if (host == std::string::npos)
    throw StepFailed{FailureKind::error, "'" + url + "' needs a host: give the scenario an 'url', or the program --url"};
  return (context.url.starts_with("wss") ? "https" : "http") +
         std::string(context.url.substr(host, context.url.find('/', host + 3) - host)) + url;
}

void ActorCore::Impl::begin_step(Strand& s, const HttpStep& step) {
  SendHttp send{.id = s.id = ++last_id, .method = step.method, .url = http_url(text(step.url))};
  if (!send.url.starts_with("http://") && !send.url.starts_with("https://"))
    throw StepFailed{FailureKind::error, "'" + send.url + "' is no URL: it begins with '/', http:// or https://"};
  for (const auto& [name, value] : step.headers) send.headers.emplace_back(name, text(value));
  if (step.json) send.headers.emplace_back("content-type", "application/json"), send.body = step.json->text(scope());
  if (step.body) send.body = text(*step.body);
  note({.kind = TimelineEntry::Kind::sent, .at = now, .topic = send.url, .event = send.method, .payload = send.body});
  wait_for(s, Wait::http);
  send.within = *s.deadline - now;
  out->push_back(std::move(send));
}

void ActorCore::Impl::begin_step(Strand&, const DisconnectStep&) {
  need_connection();
  connected = false;
  channels.clear();
  out->push_back(CloseConnection{});
}

void ActorCore::Impl::begin_step(Strand&, const SetStep& step) {
  for (const auto& [name, value] : step.variables) variables[name] = value.value(scope());
}

void ActorCore::Impl::begin_step(Strand& s, const SyncStep& step) {
  wait_for(s, Wait::sync);
  out->push_back(ReachSync{step.point});
}

void ActorCore::Impl::begin_step(Strand& s, const RepeatStep& step) {
  if (step.times > 0 && !step.steps.empty()) s.frames.push_back({.steps = &step.steps, .repeat = &step, .began = now});
}

void ActorCore::Impl::begin_parallel(std::size_t strand, const ParallelStep& step) {
  for (const Steps& branch : step.branches) {
    Strand child;
    child.frames.push_back({.steps = &branch});
    child.parent = strand;
    strands.push_back(std::move(child));
  }
  strands[strand].children = step.branches.size();
  if (!step.branches.empty()) strands[strand].wait = Wait::branches;
}

}  // namespace phx::scenario
