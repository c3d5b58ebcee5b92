// What the actors of a scenario want of the network, and what comes back.
#include "scenario_swarm_parts.hpp"

#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "url_target.hpp"

namespace phx::load {

using scenario::ActorCore;
using scenario::ActorEffects;
using scenario::CloseConnection;
using scenario::OpenConnection;
using scenario::SendHttp;
using scenario::SendJoin;
using scenario::SendLeave;
using scenario::SendPush;

namespace {

std::string_view reason_of(ErrorClass why) {
  switch (why) {
    case ErrorClass::connect_refused: return "connection refused";
    case ErrorClass::connect_timeout: return "connection timed out";
    case ErrorClass::no_ports: return "out of local ports: add --source addresses";
    case ErrorClass::no_descriptors: return "out of file descriptors: raise ulimit -n";
    case ErrorClass::tls: return "TLS failed; for a server with a certificate of its own say --ca-file";
    case ErrorClass::connection_lost: return "connection lost";
    default: return "cannot connect";
  }
}

/// GET /path of the same host as the socket, over a connection of its own.
std::string http_request(const SendHttp& http, const UrlTarget& to) {
  std::string out = http.method + " " + to.path + " HTTP/1.1\r\nhost: " + to.authority + "\r\nconnection: close\r\n";
  for (const auto& [name, value] : http.headers) {
    if ((name + value).find_first_of("\r\n") != std::string::npos) throw std::invalid_argument("the header " + name + " has a line break");
    out += name + ": " + value + "\r\n";
  }
  if (!http.body.empty() || http.method != "GET") out += "content-length: " + std::to_string(http.body.size()) + "\r\n";
  return out + "\r\n" + http.body;
}

}  // namespace

std::uint32_t ScenarioSwarm::take_slot(std::uint32_t player, std::size_t actor) {
  std::uint32_t slot = static_cast<std::uint32_t>(connections_.size());
  if (free_.empty()) {
    connections_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  connections_[slot].player = player;
  connections_[slot].actor = static_cast<std::uint32_t>(actor);
  players_[player].slots.push_back(slot);
  return slot;
}

std::uint32_t ScenarioSwarm::link_of(std::uint32_t player, std::size_t actor) const {
  const Player& p = players_[player];
  return actor < p.links.size() ? p.links[actor] : none;
}

void ScenarioSwarm::opening_over(Connection& c) {
  if (std::exchange(c.opening, false)) --opening_;
}

/// The slot is free then. Its player forgets it.
void ScenarioSwarm::drop(std::uint32_t slot, bool abrupt) {
  Connection& c = connections_[slot];
  if (c.player == none) return;
  if (c.link && !abrupt) {
    c.link->close();
    flush(slot);
  }
  wire_.close(slot, 0, abrupt);
  opening_over(c);
  if (c.counted) --connected_;
  joined_ -= c.joined;
  Player& p = players_[c.player];
  std::erase(p.slots, slot);
  std::replace(p.links.begin(), p.links.end(), slot, none);
  c = Connection{};
  free_.push_back(slot);
}

void ScenarioSwarm::flush(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (!c.link || c.link->out().empty()) return;
  tally_.count(Counter::bytes_out, c.link->out().size());
  tally_.count(Counter::sends);
  wire_.write(slot, 0, c.link->out());
  c.link->sent();
}

void ScenarioSwarm::refuse(std::uint32_t player, std::size_t actor, scenario::Refusal why, ErrorClass error, Instant now) {
  players_[player].trouble = error;
  feed(player, actor, now, [&](ActorCore& a, ActorEffects& o) { a.on_refused(why, now, o); });
}

void ScenarioSwarm::act(std::uint32_t player, std::size_t actor, const OpenConnection& open, Instant now) {
  Player& p = players_[player];
  const auto params = parse_json(open.params);
  const auto url = params ? core::websocket_url(open.url, *params, open.vsn) : Result<std::string>(failure(Errc::bad_url));
  if (!url || split_url(*url).authority != split_url(job_.url).authority)
    return refuse(player, actor, {.message = "'" + open.url + "' is not on the host of --url; all users of a run connect to one host"},
                  ErrorClass::scenario_error, now);
  std::unique_ptr<ScenarioLink> link;
  try {
    link = std::make_unique<ScenarioLink>(open, *url, rng_);
  } catch (const std::invalid_argument& e) { return refuse(player, actor, {.message = e.what()}, ErrorClass::scenario_error, now); }
  const std::uint32_t slot = take_slot(player, actor);
  if (p.links.size() <= actor) p.links.resize(actor + 1, none);
  p.links[actor] = slot;
  Connection& c = connections_[slot];
  c.link = std::move(link);
  c.planned = p.began == now ? p.planned : now;  // the first step of a run has a schedule, the others wait for the one before
  c.started = c.stage_began = now;
  c.opening = true;
  ++opening_;
  tally_.count(Counter::attempts);
  const auto refused = wire_.open(slot, 0, p.id);
  if (!refused) return;
  drop(slot, true);
  refuse(player, actor, {.message = std::string(reason_of(*refused))}, *refused, now);
}

void ScenarioSwarm::act(std::uint32_t player, std::size_t actor, const SendJoin& join, Instant now) {
  const std::uint32_t slot = link_of(player, actor);
  if (slot == none) return;  // lost meanwhile; the actor has been told
  tally_.count(Counter::join_attempts);
  connections_[slot].link->join(join, now);
}

void ScenarioSwarm::act(std::uint32_t player, std::size_t actor, const SendPush& push, Instant now) {
  const std::uint32_t slot = link_of(player, actor);
  if (slot == none) return;
  tally_.count(Counter::pushes);
  try {
    connections_[slot].link->push(push, now);
  } catch (const std::invalid_argument& e) {  // no server would take it either: as if the connection had failed
    players_[player].trouble = ErrorClass::protocol;
    drop(slot, true);
    feed(player, actor, now, [&](ActorCore& a, ActorEffects& o) { a.on_closed(1003, e.what(), now, o); });
  }
}

void ScenarioSwarm::act(std::uint32_t player, std::size_t actor, const SendLeave& leave, Instant now) {
  const std::uint32_t slot = link_of(player, actor);
  if (slot == none) return;
  tally_.count(Counter::leaves);
  connections_[slot].link->leave(leave, now);
}

void ScenarioSwarm::act(std::uint32_t player, std::size_t actor, const CloseConnection&, Instant) {
  if (const std::uint32_t slot = link_of(player, actor); slot != none) drop(slot, false);
}

void ScenarioSwarm::act(std::uint32_t player, std::size_t actor, const SendHttp& http, Instant now) {
  const auto fails = [&](const std::string& why) {
    feed(player, actor, now, [&](ActorCore& a, ActorEffects& o) { a.on_http_failed(http.id, why, now, o); });
  };
  const UrlTarget to = split_url(http.url);
  if (http.url.starts_with("https") != job_.url.starts_with("wss") || to.authority != split_url(job_.url).authority)
    return fails("'" + http.url + "' is not on the host of --url; under load requests go to that host only");
  auto request = std::make_unique<Connection::Request>();
  request->id = http.id;
  try {
    request->text = http_request(http, to);
  } catch (const std::invalid_argument& e) { return fails(e.what()); }
  const std::uint32_t slot = take_slot(player, actor);
  connections_[slot].request = std::move(request);
  const auto refused = wire_.open(slot, 0, players_[player].id);
  if (!refused) return;
  drop(slot, true);
  fails(std::string(reason_of(*refused)));
}

void ScenarioSwarm::on_tcp(std::uint32_t slot, unsigned, Instant now) {
  Connection& c = connections_[slot];
  if (c.link) tally_.measure(Metric::tcp, now - c.stage_began);
  c.stage_began = now;
}

void ScenarioSwarm::on_secure(std::uint32_t slot, unsigned, Instant now) {
  Connection& c = connections_[slot];
  if (c.request) {
    tally_.count(Counter::bytes_out, c.request->text.size());
    tally_.count(Counter::sends);
    return wire_.write(slot, 0, c.request->text);
  }
  if (!c.link) return;
  if (job_.url.starts_with("wss") || job_.url.starts_with("https")) tally_.measure(Metric::tls, now - c.stage_began);
  c.stage_began = now;
  c.link->begin();
  flush(slot);
}

void ScenarioSwarm::on_bytes(std::uint32_t slot, unsigned, std::span<char> bytes, Instant now) {
  tally_.count(Counter::bytes_in, bytes.size());
  tally_.count(Counter::receives);
  if (connections_[slot].request)
    on_http_bytes(slot, bytes, now);
  else if (connections_[slot].link)
    on_link_bytes(slot, bytes, now);
  start_queued(now);
}

/// The events are the link's own: a step of the scenario may end the connection, and its slot, before all are told.
void ScenarioSwarm::on_link_bytes(std::uint32_t slot, std::span<char> bytes, Instant now) {
  LinkEvents events;
  const std::uint32_t player = connections_[slot].player, actor = connections_[slot].actor;
  connections_[slot].link->on_bytes(bytes, now, events);
  flush(slot);
  const scenario::ScenarioCore* run = players_[player].core.get();
  for (LinkEvent& event : events) {
    if (players_[player].core.get() != run || link_of(player, actor) != slot) return;
    std::visit([&](auto& what) { on_link_event(player, actor, slot, what, now); }, event);
  }
}

template <class Event>
void ScenarioSwarm::on_link_event(std::uint32_t player, std::size_t actor, std::uint32_t slot, Event& e, Instant now) {
  Player& p = players_[player];
  Connection& c = connections_[slot];
  const auto level = [&] {
    joined_ += c.link->joined() - c.joined;
    c.joined = static_cast<std::uint32_t>(c.link->joined());
  };
  if constexpr (std::is_same_v<Event, LinkOpened>) {
    opening_over(c);
    tally_.measure(Metric::upgrade, now - c.stage_began);
    tally_.measure(Metric::connect, now - c.planned);
    tally_.measure(Metric::connect_actual, now - c.started);
    tally_.count(Counter::connects);
    p.ever_connected = c.counted = true;
    ++connected_;
    if (job_.plan.heartbeat > Duration::zero())
      c.link->due_heartbeat = now + from_seconds(seconds(job_.plan.heartbeat) * (0.5 + 0.5 * rng_.unit()));
    feed(player, actor, now, [&](ActorCore& a, ActorEffects& o) { a.on_open(now, o); });
  } else if constexpr (std::is_same_v<Event, LinkRefused>) {
    drop(slot, true);
    refuse(player, actor, std::move(e.why), e.error, now);
  } else if constexpr (std::is_same_v<Event, LinkReply>) {
    level();
    if (e.to == LinkReply::To::join) {
      tally_.measure(Metric::join, now - e.sent);
      p.join_refused = e.status != "ok";
      if (e.status == "ok") {
        tally_.count(Counter::joins);
        if (!std::exchange(p.ever_joined, true)) tally_.measure(Metric::ready, now - p.planned);
      }
    } else if (e.to == LinkReply::To::push) {
      tally_.measure(Metric::reply, now - e.sent);
      tally_.measure(Metric::reply_actual, now - e.sent);
      tally_.count(Counter::replies);
    }
    feed(player, actor, now, [&](ActorCore& a, ActorEffects& o) { a.on_reply(e.id, e.status, e.response, now, o); });
  } else if constexpr (std::is_same_v<Event, LinkMessage>) {
    level();
    if (e.event.starts_with("presence_")) tally_.count(Counter::presence_messages);
    feed(player, actor, now, [&](ActorCore& a, ActorEffects& o) { a.on_message(e.channel, e.event, e.payload, now, o); });
  } else if constexpr (std::is_same_v<Event, LinkHeartbeat>) {
    tally_.measure(Metric::heartbeat, e.took);
  } else {
    p.trouble = e.error;
    drop(slot, e.error != ErrorClass::closed_by_server);
    feed(player, actor, now, [&](ActorCore& a, ActorEffects& o) { a.on_closed(e.code, e.reason, now, o); });
  }
}

void ScenarioSwarm::on_http_bytes(std::uint32_t slot, std::span<char> bytes, Instant now) {
  std::string_view in(bytes.data(), bytes.size());
  if (connections_[slot].request->answer.feed(in) != HttpAnswer::State::more) http_ended(slot, now);
}

void ScenarioSwarm::http_ended(std::uint32_t slot, Instant now) {
  const auto request = std::move(connections_[slot].request);
  const std::uint32_t player = connections_[slot].player, actor = connections_[slot].actor;
  const bool complete = request->answer.finish() == HttpAnswer::State::complete;
  drop(slot, !complete);
  feed(player, actor, now, [&](ActorCore& a, ActorEffects& o) {
    if (complete)
      a.on_http(request->id, request->answer.status(), request->answer.body(), now, o);
    else
      a.on_http_failed(request->id, "the connection ended without a whole answer", now, o);
  });
}

void ScenarioSwarm::on_lost(std::uint32_t slot, unsigned, ErrorClass why, Instant now, std::string_view detail) {
  Connection& c = connections_[slot];
  if (c.player == none) return;
  if (c.request) {
    http_ended(slot, now);
  } else {
    const std::uint32_t player = c.player, actor = c.actor;
    const bool open = c.link->is_open();
    drop(slot, true);
    if (open) {
      players_[player].trouble = why;
      feed(player, actor, now, [&](ActorCore& a, ActorEffects& o) { a.on_closed(1006, {}, now, o); });
    } else {
      refuse(
          player, actor,
          {.timed_out = why == ErrorClass::connect_timeout, .message = detail.empty() ? std::string(reason_of(why)) : std::string(detail)},
          why, now);
    }
  }
  start_queued(now);
}

void ScenarioSwarm::heartbeats(std::uint32_t player, Instant now) {
  const std::vector<std::uint32_t> slots = players_[player].slots;  // a lost one changes the list
  for (const std::uint32_t slot : slots) {
    Connection& c = connections_[slot];
    if (!c.link || c.link->due_heartbeat > now) continue;
    c.link->due_heartbeat = now + job_.plan.heartbeat;
    if (c.link->heartbeat(now)) {
      tally_.count(Counter::heartbeats);
      flush(slot);
    } else {
      on_lost(slot, 0, ErrorClass::heartbeat_timeout, now, {});
    }
  }
}

}  // namespace phx::load
