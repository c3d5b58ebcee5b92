#include <phx/scenario/fault_engine.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include <phx/scenario/glob.hpp>

namespace phx::scenario {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// A ref is a raw JSON token, so it holds no line break outside of a string and none unescaped inside.
std::string reply_key(std::string_view ref, std::string_view topic) {
  std::string key(ref);
  key += '\n';
  key += topic;
  return key;
}

}  // namespace

FaultEngine::FaultEngine(std::vector<FaultRule> rules, std::uint64_t seed) : rules_(std::move(rules)), counts_(rules_.size()), rng_(seed) {}

// Rule i fits this message: does it strike?
bool FaultEngine::strikes_now(std::size_t i) {
  const FaultMatch& when = rules_[i].when;
  Count& count = counts_[i];
  ++count.fitting;
  if (when.nth != 0 && count.fitting != when.nth) return false;
  if (when.limit != 0 && count.struck >= when.limit) return false;
  if (when.probability < 1.0 && rng_.unit() >= when.probability) return false;
  ++count.struck;
  if (told_) told_(rules_[i]);
  return true;
}

void FaultEngine::add(FaultRule rule) {
  rules_.push_back(std::move(rule));
  counts_.emplace_back();
}

void FaultEngine::remove(const FaultRule& rule) {
  const auto found = std::ranges::find(rules_, rule);
  if (found == rules_.end()) return;
  counts_.erase(counts_.begin() + (found - rules_.begin()));
  rules_.erase(found);
}

void FaultEngine::clear() {
  rules_.clear();
  counts_.clear();
}

std::optional<RefuseUpgrade> FaultEngine::on_upgrade() {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const auto* refusal = std::get_if<RefuseUpgrade>(&rules_[i].fault);
    if (refusal != nullptr && strikes_now(i)) return *refusal;
  }
  return std::nullopt;
}

struct FaultLink::Flight {
  LinkMessage in;
  core::EnvelopeView envelope;
  bool readable = false;
  std::vector<std::string> copies;
  Duration delay{};
  bool overtaking = false;
  std::optional<Reorder> reorder;
};

FaultLink::FaultLink(FaultEngine& engine, const core::Serializer& serializer) : engine_(&engine), serializer_(&serializer) {}

void FaultLink::on_message(const LinkMessage& in, Instant now, LinkActions& out) {
  if (state_ != State::passing) return;
  Flight flight{.in = in, .envelope = {}, .copies = {std::string(in.bytes)}, .reorder = {}};
  const auto envelope = in.direction == Direction::to_server ? serializer_->decode_client(in.op, in.bytes, scratch_)
                                                             : serializer_->decode_server(in.op, in.bytes, scratch_);
  if (envelope) {
    flight.envelope = *envelope;
    flight.readable = true;
  }
  if (is_muted_reply(flight)) return;
  for (std::size_t i = 0; i < engine_->rules_.size(); ++i) {
    const FaultRule& rule = engine_->rules_[i];
    if (std::holds_alternative<RefuseUpgrade>(rule.fault) || !fits(rule.when, flight) || !engine_->strikes_now(i)) continue;
    apply(rule.fault, flight, now, out);
    if (flight.copies.empty() || state_ != State::passing) return;
  }
  for (std::string& bytes : flight.copies) {
    Deliver message{in.direction, in.op, std::move(bytes), now + flight.delay};
    if (flight.reorder) {
      held_.push_back({std::move(message), flight.reorder->behind, now + flight.reorder->at_most});
    } else {
      emit(std::move(message), flight.overtaking, out);
    }
  }
  if (!flight.reorder) release_behind(in.direction, out);
}

bool FaultLink::fits(const FaultMatch& when, const Flight& flight) const {
  if (when.direction && *when.direction != flight.in.direction) return false;
  if (!flight.readable) return when.topic == "*" && when.event == "*";
  return glob_match(when.topic, flight.envelope.topic) && glob_match(when.event, flight.envelope.event);
}

void FaultLink::apply(const Fault& fault, Flight& flight, Instant now, LinkActions& out) {
  const auto end = [&](std::uint16_t code, const std::string& reason) {
    close();
    out.emplace_back(CloseLink{code, reason});
  };
  std::visit(Overloaded{
                 [&](const Drop&) { flight.copies.clear(); },
                 [&](const Delay& f) {
                   flight.delay += f.by + Duration(static_cast<Duration::rep>(engine_->rng_.below(
                                              static_cast<std::uint64_t>(std::max(f.jitter, Duration::zero()).count()))));
                   flight.overtaking = flight.overtaking || f.overtaking;
                 },
                 [&](const Duplicate& f) { flight.copies.insert(flight.copies.end(), f.copies, std::string(flight.copies.front())); },
                 [&](const Reorder& f) { flight.reorder = f; },
                 [&](const Corrupt& f) {
                   for (std::string& copy : flight.copies) corrupt(copy, f.bytes);
                 },
                 [&](const NeverReply&) {
                   if (flight.in.direction == Direction::to_server && flight.readable && flight.envelope.has_ref()) {
                     muted_.push_back(reply_key(flight.envelope.ref, flight.envelope.topic));
                   }
                 },
                 [&](const AnswerWith& f) { answer(f, flight, now, out); }, [&](const CloseWith& f) { end(f.code, f.reason); },
                 [&](const HalfOpen&) { fall_silent(); }, [](const RefuseUpgrade&) {},  // about upgrades, not messages
             },
             fault);
}

void FaultLink::fall_silent() {
  if (state_ == State::passing) state_ = State::silent;
  held_.clear();
}

void FaultLink::close() {
  state_ = State::closed;
  held_.clear();
}

void FaultLink::answer(const AnswerWith& fault, Flight& flight, Instant now, LinkActions& out) {
  if (flight.in.direction != Direction::to_server || !flight.readable || !flight.envelope.has_ref()) return;
  Deliver reply{Direction::to_client, core::Opcode::text, {}, now + flight.delay};
  const auto op = serializer_->encode({.kind = core::MessageView::Kind::reply,
                                       .join_ref = flight.envelope.join_ref,
                                       .ref = flight.envelope.ref,
                                       .topic = flight.envelope.topic,
                                       .event = "phx_reply",
                                       .status = fault.status,
                                       .payload = fault.response},
                                      reply.bytes);
  if (!op) return;  // a reply that this serializer cannot write: the message passes
  reply.op = *op;
  flight.copies.clear();
  emit(std::move(reply), flight.overtaking, out);
}

bool FaultLink::is_muted_reply(const Flight& flight) {
  if (muted_.empty() || flight.in.direction != Direction::to_client || !flight.readable) return false;
  if (flight.envelope.event != "phx_reply") return false;
  const auto muted = std::find(muted_.begin(), muted_.end(), reply_key(flight.envelope.ref, flight.envelope.topic));
  if (muted == muted_.end()) return false;
  muted_.erase(muted);
  return true;
}

void FaultLink::corrupt(std::string& bytes, std::uint32_t count) {
  if (bytes.empty()) return;
  for (std::uint32_t i = 0; i < count; ++i) {
    char& byte = bytes[static_cast<std::size_t>(engine_->rng_.below(bytes.size()))];
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1 + engine_->rng_.below(255)));
  }
}

void FaultLink::emit(Deliver message, bool overtaking, LinkActions& out) {
  Instant& last = last_[static_cast<std::size_t>(message.direction)];
  if (!overtaking) {
    message.at = std::max(message.at, last);
    last = message.at;
  }
  out.emplace_back(std::move(message));
}

// One message of this direction went ahead of those held back.
void FaultLink::release_behind(Direction passed, LinkActions& out) {
  for (auto it = held_.begin(); it != held_.end();) {
    if (it->message.direction != passed || --it->behind > 0) {
      ++it;
      continue;
    }
    emit(std::move(it->message), false, out);
    it = held_.erase(it);
  }
}

std::optional<Instant> FaultLink::next_deadline() const noexcept {
  std::optional<Instant> next;
  for (const Held& held : held_) {
    if (!next || held.latest < *next) next = held.latest;
  }
  return next;
}

void FaultLink::on_deadline(Instant now, LinkActions& out) {
  for (auto it = held_.begin(); it != held_.end();) {
    if (it->latest > now) {
      ++it;
      continue;
    }
    it->message.at = std::max(it->message.at, now);
    emit(std::move(it->message), false, out);
    it = held_.erase(it);
  }
}

}  // namespace phx::scenario
