#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <phx/testing/virtual_clock.hpp>

#include <phx/scenario/rng.hpp>

#include <phx/server/tracker_core.hpp>

namespace phx::server::test {

/// What the network does to a message between two nodes that can reach each other.
struct Faults {
  Duration min_delay = std::chrono::milliseconds(1), max_delay = std::chrono::milliseconds(1);  // unequal delays reorder
  unsigned lost_percent = 0, doubled_percent = 0;
};

using Shown = std::multiset<std::string>;  // "topic key meta" of each presence

/// Tracker replicas on a virtual clock and a bad network; messages travel as bytes.
class Network {
 public:
  explicit Network(std::uint64_t seed = 1, TrackerOptions options = {});

  struct Sent {
    std::string from, to;
    TrackerMessage message;
  };

  void start(const std::string& name);    // again: with a greater vsn
  void crash(const std::string& name);    // without a word
  void stop(const std::string& name);     // graceful permdown
  void suspend(const std::string& name);  // hears nothing and does nothing
  void resume(const std::string& name);
  void cut(const std::string& name, int side);  // nodes of different sides do not hear each other
  void heal();

  void track(const std::string& node, ActorId actor, const std::string& topic, const std::string& key);
  void update(const std::string& node, ActorId actor, const std::string& topic, const std::string& key);
  void untrack(const std::string& node, ActorId actor, const std::string& topic, const std::string& key);
  void untrack(const std::string& node, ActorId actor);

  void advance(Duration by) { clock.advance(by); }
  TrackerCore& core(const std::string& name) { return *nodes_.at(name).core; }
  bool alive(const std::string& name) const { return nodes_.contains(name) && nodes_.at(name).core; }
  std::vector<std::string> alive_names() const;
  /// What list() of all topics shows at a node; what its diffs add up to; what it should show: all that living nodes track.
  Shown listed(const std::string& name) const;
  const Shown& summed(const std::string& name) const { return nodes_.at(name).summed; }
  Shown tracked() const;
  std::size_t count_sent(std::size_t kind, const std::string& from) const;

  testing::VirtualClock clock;
  Faults faults;
  std::vector<Sent> sent;
  std::string broken_diff;  // the first leave of somebody who was not there, or join of somebody who was

 private:
  struct Node {
    std::unique_ptr<TrackerCore> core;
    std::uint64_t vsn = 0;
    bool suspended = false;
    int side = 0;
    Shown summed;
  };
  struct Flying {
    std::string from, to, bytes;
  };

  std::optional<Instant> next_deadline() const;
  void on_deadline(Instant now);
  void perform(const std::string& name, TrackerEffects& effects);
  void post(const std::string& from, const std::string& to, const std::string& bytes);
  bool reaches(const std::string& from, const std::string& to) const;

  TrackerOptions options_;
  scenario::Rng rng_;
  std::map<std::string, Node> nodes_;
  std::multimap<Instant, Flying> flying_;
  std::set<std::string> topics_;
  int last_ref_ = 0;
  testing::VirtualClock::Attachment attachment_;
};

}  // namespace phx::server::test
