// From the TCP connection to the join reply, over WebSocket and long-polling.
#include "swarm_parts.hpp"
#include "url_target.hpp"

#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>
#include <phx/load/stamp.hpp>

#include <algorithm>

namespace phx::load {

using State = User::State;

namespace {

std::string join_token(std::uint16_t joins, char kind) {
  std::string token = "\"J0000\"";
  token[1] = kind;
  put_digits(token.data() + 2, 4, joins);
  return token;
}

}  // namespace

/// The whole URL of this user's WebSocket.
std::string Swarm::target(const User& u, bool longpoll) {
  const Profile& p = profile(u);
  std::string& cached = targets_[u.profile];
  if (!cached.empty()) return cached;
  const std::string params = fill(p.params, u.id, 0, row(u));
  std::string url = core::websocket_url(job_.url, Json::parse(params), p.v1 ? "1.0.0" : "2.0.0").value();
  if (longpoll) url = core::longpoll_url(url);
  if (params == p.params) cached = url;
  return url;
}

void Swarm::on_tcp(std::uint32_t slot, unsigned lane, Instant now) {
  User& u = users_[slot];
  if (lane == 1) return;  // poll_request() waits for on_secure
  measure(Metric::tcp, now - u.stage_began);
  u.stage_began = now;
}

void Swarm::on_secure(std::uint32_t slot, unsigned lane, Instant now) {
  User& u = users_[slot];
  if (lane == 0 && u.state == State::opening && !u.poll) {
    if (job_.url.starts_with("wss") || job_.url.starts_with("https")) measure(Metric::tls, now - u.stage_began);
    u.stage_began = now;
    if (profile(u).longpoll)
      begin_poll(u, slot, now);
    else
      begin_upgrade(u, slot, now);
  } else if (u.poll) {
    auto& l = u.poll->lanes[lane];
    l.ready = true;
    if (!l.request.empty()) wire_.write(slot, lane, l.request);
    l.request.clear();
  }
  flush(slot);
  arm(u, slot);
}

void Swarm::begin_upgrade(User& u, std::uint32_t slot, Instant now) {
  if (profile(u).hostile == Hostile::half_open) return;  // connected, and then nothing
  const UrlTarget to = split_url(target(u, false));
  std::string random(16, '\0');
  for (char& c : random) c = static_cast<char>(rng_.next());
  core::ws::ClientHandshakeOptions options;
  options.host = to.authority;
  options.target = to.path;
  u.handshake = std::make_unique<core::ws::ClientHandshake>(std::move(options), core::ws::make_key(random));
  out_ += u.handshake->request();
  flush(slot);
  u.stage_began = now;
}

void Swarm::on_upgrade(std::uint32_t slot, std::span<char> bytes, Instant now) {
  User& u = users_[slot];
  const auto complete = u.handshake->feed({bytes.data(), bytes.size()});
  if (!complete) return lost(u, slot, ErrorClass::bad_handshake, now);
  if (!*complete) return;
  if (u.handshake->answer().status != 101) {
    if (first_refusal_.empty())
      first_refusal_ =
          "upgrade refused: HTTP " + std::to_string(u.handshake->answer().status) + " " + u.handshake->answer().body.substr(0, 200);
    return lost(u, slot, ErrorClass::upgrade_refused, now);
  }
  std::string rest = u.handshake->rest();
  u.handshake.reset();
  opened(u, slot, now);
  if (!rest.empty()) on_frames(slot, rest, now);
}

void Swarm::opened(User& u, std::uint32_t slot, Instant now) {
  measure(Metric::upgrade, now - u.stage_began);
  measure(Metric::connect, now - u.planned);
  measure(Metric::connect_actual, now - u.started);
  count(Counter::connects);
  --opening_;
  u.counts_open = false;
  u.connected = u.ever_connected = true;
  u.joins = 0;
  ++connected_;
  u.due_step = never;
  if (!u.poll && job_.plan.heartbeat > Duration::zero())
    u.due_heartbeat = now + from_seconds(seconds(job_.plan.heartbeat) * (0.5 + 0.5 * rng_.unit()));
  if (profile(u).hostile == Hostile::silent) u.due_heartbeat = never;
  if (profile(u).join) return join(u, slot, now);
  u.state = State::open;
  u.failures = 0;
  if (!profile(u).stay.zero()) u.due_stay = std::min(u.due_stay, now + profile(u).stay.sample(rng_));
}

void Swarm::join(User& u, std::uint32_t /*slot*/, Instant now) {
  const Profile& p = profile(u);
  const std::uint32_t number = choose_topic(p, u.profile, u.id);
  u.topic = intern(fill(job_.plan.topic_of(p, number), u.id, number, row(u)));
  u.state = State::joining;
  u.stage_began = now;
  u.due_step = now + job_.plan.timeout;
  u.sees_presence = false;
  ++u.joins;
  count(Counter::join_attempts);
  const std::string ref = join_token(u.joins, 'J');
  text_.clear();
  const auto op = serializer(u).encode({.join_ref = ref,
                                        .ref = ref,
                                        .topic = topics_[u.topic]->name,
                                        .event = "phx_join",
                                        .payload = fill(p.join_payload, u.id, number, row(u))},
                                       text_);
  send(u, op.value(), text_, now);
}

std::uint32_t Swarm::choose_topic(const Profile& p, std::uint32_t profile, std::uint32_t user) {
  if (p.topics <= 1) return 0;
  if (!zipf_[profile]) return user % p.topics;
  scenario::Rng rng(job_.plan.seed ^ (std::uint64_t{user} << 20));
  return static_cast<std::uint32_t>(zipf_[profile]->sample(rng));
}

void Swarm::on_join_reply(User& u, std::uint32_t slot, const core::EnvelopeView& in, Instant now) {
  std::string scratch;
  const auto reply = core::read_reply(in, scratch);
  if (!reply) return lost(u, slot, ErrorClass::protocol, now);
  if (reply->status == "ok") return joined_now(u, now);
  if (first_refusal_.empty()) first_refusal_ = "join refused: " + std::string(in.payload.substr(0, 300));
  lost(u, slot, ErrorClass::join_refused, now);
}

void Swarm::joined_now(User& u, Instant now) {
  const Profile& p = profile(u);
  measure(Metric::join, now - u.stage_began);
  if (u.lost_at != Instant{})
    measure(Metric::recovery, now - u.lost_at);
  else if (!u.ever_joined)
    measure(Metric::ready, now - u.planned);
  u.lost_at = {};
  count(Counter::joins);
  u.state = State::joined;
  u.ever_joined = u.member = true;
  u.failures = 0;
  ++joined_;
  u.joined_at = now;
  u.due_step = never;
  u.first_open = u.next_push;
  if (stopped_) return;
  u.acts = p.hostile == Hostile::none && p.action != Action::none && (p.actors == 0 || u.id < p.actors);
  if (u.acts || p.hostile != Hostile::none) schedule_actions(u, now);
  if (!p.stay.zero() && !(p.actors > 0 && u.acts)) u.due_stay = std::min(u.due_stay, now + p.stay.sample(rng_));
}

// ---- long-polling

void Swarm::begin_poll(User& u, std::uint32_t slot, Instant now) {
  core::LongPollOptions options;
  options.url = target(u, true);
  options.ndjson = !profile(u).v1;
  options.timeout = std::chrono::seconds(30) + job_.plan.timeout;
  options.connect_timeout = job_.plan.timeout;
  u.poll = std::make_unique<User::Poll>(std::move(options));
  u.poll->lanes[0].open = u.poll->lanes[0].ready = true;
  u.poll->core.open(now);
  u.poll->core.on_deadline(now, u.poll->effects);
  perform_poll(u, slot, now);
}

void Swarm::poll_request(User& u, std::uint32_t slot, std::uint64_t id, std::string_view method, const std::string& url,
                         const core::ws::HeaderList& headers, const std::string& body) {
  const unsigned lane = method == "GET" ? 0 : 1;
  auto& l = u.poll->lanes[lane];
  const UrlTarget to = split_url(url);
  std::string request = std::string(method) + " " + to.path + " HTTP/1.1\r\nhost: " + to.authority + "\r\n";
  for (const auto& [name, value] : headers) request += name + ": " + value + "\r\n";
  if (lane == 1) request += "content-length: " + std::to_string(body.size()) + "\r\n";
  request += "\r\n" + body;
  count(Counter::bytes_out, request.size());
  count(Counter::sends);
  l.pending = static_cast<core::LongPollRequestId>(id);
  l.answer.reset();
  if (l.ready) return wire_.write(slot, lane, request);
  l.request = std::move(request);
  if (l.open) return;
  l.open = true;
  if (const auto refused = wire_.open(slot, lane, u.id)) lost(u, slot, *refused, last_heard_);
}

void Swarm::perform_poll(User& u, std::uint32_t slot, Instant now) {
  while (u.poll && !u.poll->effects.empty()) {
    const core::LongPollEffect effect = std::move(u.poll->effects.front());
    u.poll->effects.pop_front();
    if (const auto* request = std::get_if<core::LongPollRequest>(&effect)) {
      poll_request(u, slot, static_cast<std::uint64_t>(request->id), request->method, request->url, request->headers, request->body);
    } else if (std::holds_alternative<core::LongPollOpened>(effect)) {
      opened(u, slot, now);
    } else if (const auto* message = std::get_if<core::LongPollMessage>(&effect)) {
      on_message(u, slot, message->opcode, message->data, now);
    } else if (const auto* failed = std::get_if<core::LongPollError>(&effect)) {
      if (first_refusal_.empty()) first_refusal_ = "long-poll: " + failed->detail;
      const bool opening = u.state == State::opening;
      return lost(u, slot, opening && failed->status == 403 ? ErrorClass::upgrade_refused : ErrorClass::http, now);
    } else if (std::holds_alternative<core::LongPollClosed>(effect)) {
      return lost(u, slot, ErrorClass::closed_by_server, now);
    }
  }
}

void Swarm::poll_bytes(User& u, std::uint32_t slot, unsigned lane, std::span<char> bytes, Instant now) {
  std::string_view in(bytes.data(), bytes.size());
  while (u.poll && !in.empty()) {
    auto& l = u.poll->lanes[lane];
    const auto state = l.answer.feed(in);
    if (state == HttpAnswer::State::broken) return lost(u, slot, ErrorClass::http, now);
    if (state == HttpAnswer::State::more) return;
    if (!l.answer.keeps_alive()) {
      wire_.close(slot, lane, false);
      l.open = l.ready = false;
    }
    const auto id = l.pending;
    l.pending = {};
    u.poll->core.on_answer(id, l.answer.status(), std::string(l.answer.body()), now, u.poll->effects);
    perform_poll(u, slot, now);
  }
}

/// A connection without a request on its way may go; a new one is made when needed.
void Swarm::poll_lost(User& u, std::uint32_t slot, unsigned lane, Instant now) {
  auto& l = u.poll->lanes[lane];
  const bool complete = l.answer.finish() == HttpAnswer::State::complete;
  const auto id = l.pending;
  l.open = l.ready = false;
  l.pending = {};
  if (id == core::LongPollRequestId::none) return;
  if (complete)
    u.poll->core.on_answer(id, l.answer.status(), std::string(l.answer.body()), now, u.poll->effects);
  else
    u.poll->core.on_failure(id, make_error_code(Errc::connection_closed), now, u.poll->effects);
  perform_poll(u, slot, now);
}

}  // namespace phx::load
