#include "network.hpp"

#include <phx/core/json.hpp>

#include "entries.hpp"

namespace phx::server::test {

namespace {

std::string shown(const std::string& topic, const std::string& key, const Json& meta) { return topic + " " + key + " " + meta.dump(); }

}  // namespace

Network::Network(std::uint64_t seed, TrackerOptions options) : options_(std::move(options)), rng_(seed) {
  attachment_ = clock.attach([this] { return next_deadline(); }, [this](Instant now) { on_deadline(now); });
}

void Network::start(const std::string& name) {
  auto& node = nodes_[name];
  node.core = std::make_unique<TrackerCore>(ref(name, ++node.vsn), options_, clock.now() + std::chrono::milliseconds(rng_.below(375)));
  node.suspended = false;
  node.summed.clear();
}

void Network::crash(const std::string& name) { nodes_.at(name).core.reset(); }

void Network::stop(const std::string& name) {
  TrackerEffects effects;
  core(name).permdown(effects);
  perform(name, effects);
  crash(name);
}

void Network::suspend(const std::string& name) { nodes_.at(name).suspended = true; }
void Network::resume(const std::string& name) { nodes_.at(name).suspended = false; }
void Network::cut(const std::string& name, int side) { nodes_.at(name).side = side; }

void Network::heal() {
  for (auto& [name, node] : nodes_) node.side = 0;
}

void Network::track(const std::string& node, ActorId actor, const std::string& topic, const std::string& key) {
  topics_.insert(topic);
  TrackerEffects effects;
  core(node).track(make_entry(actor, topic, key, obj("phx_ref", ++last_ref_)), effects);
  perform(node, effects);
}

void Network::update(const std::string& node, ActorId actor, const std::string& topic, const std::string& key) {
  TrackerEffects effects;
  core(node).update(make_entry(actor, topic, key, obj("phx_ref", ++last_ref_)), effects);
  perform(node, effects);
}

void Network::untrack(const std::string& node, ActorId actor, const std::string& topic, const std::string& key) {
  TrackerEffects effects;
  core(node).untrack(actor, topic, key, effects);
  perform(node, effects);
}

void Network::untrack(const std::string& node, ActorId actor) {
  TrackerEffects effects;
  core(node).untrack(actor, effects);
  perform(node, effects);
}

std::vector<std::string> Network::alive_names() const {
  std::vector<std::string> names;
  for (const auto& [name, node] : nodes_)
    if (node.core) names.push_back(name);
  return names;
}

Shown Network::listed(const std::string& name) const {
  Shown all;
  for (const auto& topic : topics_)
    for (const auto& e : nodes_.at(name).core->state().list(topic)) all.insert(shown(e->topic, e->key, *e->meta));
  return all;
}

Shown Network::tracked() const {
  Shown all;
  for (const auto& name : alive_names()) {
    // A replica's own presences are what nobody else can say of it: a state that knows nobody lists them alone.
    const auto& state = nodes_.at(name).core->state();
    const auto own = state.extract(ref("nobody"), {{state.self(), 0}});
    for (const auto& [tick, e] : own.parts.at(state.self()).values) all.insert(shown(e->topic, e->key, *e->meta));
  }
  return all;
}

std::size_t Network::count_sent(std::size_t kind, const std::string& from) const {
  return static_cast<std::size_t>(std::ranges::count_if(sent, [&](const Sent& s) { return s.message.index() == kind && s.from == from; }));
}

std::optional<Instant> Network::next_deadline() const {
  std::optional<Instant> next;
  if (!flying_.empty()) next = flying_.begin()->first;
  for (const auto& [name, node] : nodes_) {
    if (!node.core || node.suspended) continue;
    if (const auto tick = node.core->next_deadline(); tick && (!next || *tick < *next)) next = tick;
  }
  return next;
}

void Network::on_deadline(Instant now) {
  TrackerEffects effects;
  while (!flying_.empty() && flying_.begin()->first <= now) {
    const auto flying = std::move(flying_.extract(flying_.begin()).mapped());
    auto& node = nodes_.at(flying.to);
    if (!node.core || node.suspended || !reaches(flying.from, flying.to)) continue;
    node.core->on_message(decode_tracker_message(flying.bytes).value(), now, effects);
    perform(flying.to, effects);
  }
  for (auto& [name, node] : nodes_) {
    if (!node.core || node.suspended) continue;
    node.core->on_deadline(now, effects);
    perform(name, effects);
  }
}

void Network::perform(const std::string& name, TrackerEffects& effects) {
  auto& summed = nodes_.at(name).summed;
  for (const auto& diff : effects.diffs) {
    for (const auto& left : diff.leaves) {
      const auto found = summed.find(shown(diff.topic, left.key, *left.meta));
      if (found != summed.end()) {
        summed.erase(found);
      } else if (broken_diff.empty()) {
        broken_diff = name + " lost somebody it had not: " + shown(diff.topic, left.key, *left.meta);
      }
    }
    for (const auto& joined : diff.joins) {
      const auto text = shown(diff.topic, joined.key, *joined.meta);
      if (summed.contains(text) && broken_diff.empty()) broken_diff = name + " gained somebody twice: " + text;
      summed.insert(text);
    }
  }
  for (auto& send : effects.sends) {
    const auto bytes = encode_tracker_message(send.message);
    for (const auto& [to, node] : nodes_)
      if (to != name && (send.to.empty() || send.to == to)) post(name, to, bytes);
    sent.push_back({name, send.to, std::move(send.message)});
  }
  effects = {};
}

void Network::post(const std::string& from, const std::string& to, const std::string& bytes) {
  if (!reaches(from, to) || rng_.below(100) < faults.lost_percent) return;
  const auto spread = static_cast<std::uint64_t>((faults.max_delay - faults.min_delay).count()) + 1;
  const auto fly = [&] { flying_.emplace(clock.now() + faults.min_delay + Duration(rng_.below(spread)), Flying{from, to, bytes}); };
  fly();
  if (rng_.below(100) < faults.doubled_percent) fly();
}

bool Network::reaches(const std::string& from, const std::string& to) const { return nodes_.at(from).side == nodes_.at(to).side; }

}  // namespace phx::server::test
