// The loop of an actor: strands take their turns, wait, are resumed, run out of time.
#include "actor_impl.hpp"

#include <algorithm>

namespace phx::scenario {

template <class F>
void ActorCore::Impl::handle(Instant at, ActorEffects& effects, F input) {
  if (finished || failure) return;
  now = at;
  out = &effects;
  try {
    input();
    run_ready();
    if (std::ranges::all_of(strands, &Strand::done)) {
      finished = true;
      out->push_back(ActorFinished{});
    }
  } catch (const StepFailed& why) { fail(why); } catch (const TemplateError& e) {
    fail({FailureKind::error, "in a template of this step, " + std::string(e.what())});
  }
  if (!context.timeline) forget_taken();
  out = nullptr;
}

void ActorCore::Impl::start(Instant at, ActorEffects& effects) {
  handle(at, effects, [&] {
    strands.emplace_back();
    strands.back().frames.push_back({.steps = &script});
  });
}

/// Strands run until each waits; one that ends may let its parent go on.
void ActorCore::Impl::run_ready() {
  for (bool progress = true; progress;) {
    progress = false;
    for (std::size_t i = 0; i < strands.size(); ++i) {
      if (strands[i].done || strands[i].wait != Wait::none) continue;
      run(i);
      progress = true;
    }
  }
}

void ActorCore::Impl::run(std::size_t strand) {
  while (strands[strand].wait == Wait::none && !strands[strand].done) {
    Strand& s = strands[strand];
    if (s.frames.empty()) {
      end_strand(s);
    } else if (Frame& frame = s.frames.back(); frame.next < frame.steps->size()) {
      s.step = &(*frame.steps)[frame.next++];
      begin(strand, *s.step);
    } else if (!end_of_frame(s)) {
      s.frames.pop_back();
    }
  }
}

/// A repeat begins its next round; false when the frame is done.
bool ActorCore::Impl::end_of_frame(Strand& s) {
  Frame& frame = s.frames.back();
  if (frame.repeat == nullptr || ++frame.rounds >= frame.repeat->times) return false;
  frame.next = 0;
  if (frame.repeat->every && frame.began + *frame.repeat->every > now) {
    s.wait = Wait::next_round;
    s.deadline = frame.began + *frame.repeat->every;
  }
  frame.began = s.deadline.value_or(now);
  return true;
}

void ActorCore::Impl::end_strand(Strand& s) {
  s.done = true;
  if (s.parent == Strand::none) return;
  Strand& parent = strands[s.parent];
  if (--parent.children == 0) resume(parent);
}

void ActorCore::Impl::resume(Strand& s) {
  s.wait = Wait::none;
  s.deadline.reset();
  s.id = 0;
}

std::optional<Instant> ActorCore::Impl::next_deadline() const noexcept {
  std::optional<Instant> next;
  if (finished || failure) return next;
  for (const Strand& s : strands)
    if (!s.done && s.deadline && (!next || *s.deadline < *next)) next = s.deadline;
  return next;
}

void ActorCore::Impl::time_out(Strand& s) {
  const std::string waited = duration_text(*s.deadline - s.since);
  switch (s.wait) {
    case Wait::pause:
    case Wait::next_round:
    case Wait::refute: return resume(s);
    case Wait::open: throw StepFailed{FailureKind::connect_timeout, "no connection within " + waited};
    case Wait::reply: throw StepFailed{FailureKind::assertion, "no reply to " + std::string(step_word(*s.step)) + " within " + waited};
    case Wait::message: throw missed(std::get<ExpectStep>(s.step->kind), waited);
    case Wait::presence: {
      const auto& step = std::get<ExpectPresenceStep>(s.step->kind);
      throw StepFailed{FailureKind::assertion, "the presences of " + step.on + " are not as expected within " + waited,
                       difference_lines(step.presence.explain(presence_list(step.on), scope()))};
    }
    case Wait::closed: throw StepFailed{FailureKind::assertion, "the server has not closed the connection within " + waited};
    case Wait::http: throw StepFailed{FailureKind::assertion, "no answer to the request within " + waited};
    case Wait::sync:
      throw StepFailed{FailureKind::assertion,
                       "the other actors have not come to '" + std::get<SyncStep>(s.step->kind).point + "' within " + waited};
    case Wait::none:
    case Wait::branches: return;
  }
}

void ActorCore::Impl::fail(const StepFailed& why) {
  const Step* step = failing;
  failure = Failure{.kind = why.kind, .actor = actor, .message = why.message, .details = why.details, .nearest = why.nearest};
  failure->too_late = overdue;
  if (step != nullptr) failure->place = step->place, failure->source = step->source, failure->step = step_word(*step);
  note({.kind = TimelineEntry::Kind::failed, .at = now, .event = why.message, .line = failure->place.line});
  out->push_back(ActorFailed{});
}

std::vector<std::string> ActorCore::Impl::waiting_at() const {
  std::vector<std::string> out_;
  for (const Strand& s : strands)
    if (!s.done && s.step != nullptr && s.wait != Wait::branches)
      out_.push_back(s.step->place.text() + " " + std::string(step_word(*s.step)));
  return out_;
}

ActorCore::ActorCore(const std::string& name, const Steps& steps, ActorContext context)
    : impl_(std::make_unique<Impl>(name, steps, context)) {}
ActorCore::~ActorCore() = default;
ActorCore::ActorCore(ActorCore&&) noexcept = default;

void ActorCore::start(Instant now, ActorEffects& out) { impl_->start(now, out); }

void ActorCore::on_open(Instant now, ActorEffects& out) {
  impl_->handle(now, out, [&] { impl_->opened(); });
}
void ActorCore::on_refused(const Refusal& why, Instant now, ActorEffects& out) {
  impl_->handle(now, out, [&] { impl_->refused(why); });
}
void ActorCore::on_closed(std::uint16_t code, std::string_view reason, Instant now, ActorEffects& out) {
  impl_->handle(now, out, [&] { impl_->connection_closed(code, reason); });
}
void ActorCore::on_reply(std::uint64_t id, std::string_view status, std::string_view response, Instant now, ActorEffects& out) {
  impl_->handle(now, out, [&] { impl_->with_answer(id, [&](Impl::Strand& s) { impl_->answer(s, status, response); }); });
}
void ActorCore::on_message(std::uint32_t channel, std::string_view event, std::string_view payload, Instant now, ActorEffects& out) {
  impl_->handle(now, out, [&] { impl_->message(channel, event, payload); });
}
void ActorCore::on_http(std::uint64_t id, int status, std::string_view body, Instant now, ActorEffects& out) {
  impl_->handle(now, out, [&] { impl_->with_answer(id, [&](Impl::Strand& s) { impl_->http_answer(s, status, body); }); });
}
void ActorCore::on_http_failed(std::uint64_t id, std::string_view why, Instant now, ActorEffects& out) {
  impl_->handle(now, out, [&] {
    impl_->with_answer(id, [&](Impl::Strand&) { throw StepFailed{FailureKind::cannot_connect, std::string(why)}; });
  });
}
void ActorCore::on_sync(std::string_view point, Instant now, ActorEffects& out) {
  impl_->handle(now, out, [&] {
    for (Impl::Strand& s : impl_->strands)
      if (s.wait == Impl::Wait::sync && std::get<SyncStep>(s.step->kind).point == point) impl_->resume(s);
  });
}
std::optional<Instant> ActorCore::next_deadline() const noexcept { return impl_->next_deadline(); }
void ActorCore::on_deadline(Instant now, ActorEffects& out) {
  impl_->handle(now, out, [&] {
    for (Impl::Strand& s : impl_->strands) {
      if (s.done || !s.deadline || *s.deadline > now) continue;
      impl_->failing = s.step;
      impl_->overdue = true;
      impl_->time_out(s);
      impl_->overdue = false;
    }
  });
}

bool ActorCore::finished() const noexcept { return impl_->finished; }
bool ActorCore::failed() const noexcept { return impl_->failure.has_value(); }
const std::optional<Failure>& ActorCore::failure() const noexcept { return impl_->failure; }
const std::string& ActorCore::name() const noexcept { return impl_->actor; }
const Variables& ActorCore::variables() const noexcept { return impl_->variables; }
std::uint64_t ActorCore::messages_taken() const noexcept { return impl_->taken; }
const std::vector<TimelineEntry>& ActorCore::timeline() const noexcept { return impl_->timeline; }
std::vector<std::string> ActorCore::waiting_at() const { return impl_->waiting_at(); }

}  // namespace phx::scenario
