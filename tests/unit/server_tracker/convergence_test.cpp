// Issue 3 item 5: replicas on a simulated network, seeded scripts. server.md 8.4, 8.5.

#include <gtest/gtest.h>

#include "network.hpp"

namespace phx::server::test {
namespace {

using namespace std::chrono_literals;

/// Random changes, faults and lives of nodes; afterwards the network is quiet and whole.
class Script {
 public:
  explicit Script(std::uint64_t seed) : rng_(seed), net_(seed ^ 0x5eed, options(seed)) {
    nodes_ = 3 + rng_.below(5);
    for (std::uint64_t i = 0; i != nodes_; ++i) net_.start(name(i));
  }

  Network& run() {
    random_faults();
    const auto steps = 60 + rng_.below(140);
    for (std::uint64_t i = 0; i != steps; ++i) {
      step();
      net_.advance(1ms * rng_.below(rng_.below(4) == 0 ? 4000 : 600));
    }
    net_.faults = {};
    net_.heal();
    for (std::uint64_t i = 0; i != nodes_; ++i) net_.resume(name(i));
    net_.advance(90s);  // down_period and some rounds
    return net_;
  }

 private:
  /// Small generations in half of the scripts, so that they overflow.
  static TrackerOptions options(std::uint64_t seed) {
    TrackerOptions options;
    options.permdown_period = 70s;
    if (seed % 2) options.max_delta_sizes = {4, 12, 40};
    return options;
  }

  std::string name(std::uint64_t i) const { return "n" + std::to_string(i); }
  std::string topic() { return "t" + std::to_string(rng_.below(3)); }
  std::string key() { return "k" + std::to_string(rng_.below(4)); }
  ActorId actor() { return 1 + rng_.below(6); }

  void step() {
    const auto node = name(rng_.below(nodes_));
    const auto what = rng_.below(100);
    if (what < 70) {
      if (net_.alive(node)) change(node, what);
    } else if (what < 85) {
      bad_network(node, what);
    } else {
      life(node, what);
    }
  }

  void change(const std::string& node, std::uint64_t what) {
    if (what < 35) return net_.track(node, actor(), topic(), key());
    if (what < 50) return net_.update(node, actor(), topic(), key());
    if (what < 64) return net_.untrack(node, actor(), topic(), key());
    net_.untrack(node, actor());
  }

  void bad_network(const std::string& node, std::uint64_t what) {
    if (what < 74) return net_.cut(node, static_cast<int>(rng_.below(2)));
    if (what < 79) return net_.heal();
    random_faults();
  }

  void random_faults() {
    net_.faults = {.min_delay = 1ms,
                   .max_delay = 1ms * (1 + rng_.below(12000)),
                   .lost_percent = static_cast<unsigned>(rng_.below(60)),
                   .doubled_percent = static_cast<unsigned>(rng_.below(50))};
  }

  void life(const std::string& node, std::uint64_t what) {
    if (!net_.alive(node)) return net_.start(node);
    if (what < 87) return net_.suspend(node);
    if (what < 94) return net_.resume(node);
    if (what < 95) return net_.crash(node);
    if (what < 96) return net_.stop(node);
    if (what < 98) return net_.start(node);  // crash and start at once
    net_.advance(rng_.below(3) == 0 ? 100s : 35s);
  }

  scenario::Rng rng_;
  Network net_;
  std::uint64_t nodes_ = 0;
};

class Convergence : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Convergence, NobodyIsLostOrDoubledAndDiffsAddUp) {
  for (std::uint64_t seed = GetParam(); seed != GetParam() + 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Script script(seed);
    const Network& net = script.run();
    ASSERT_EQ(net.broken_diff, "");
    const auto expected = net.tracked();
    for (const auto& name : net.alive_names()) {
      ASSERT_EQ(net.listed(name), expected) << name;
      ASSERT_EQ(net.summed(name), expected) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Convergence, ::testing::Values(0, 50, 100, 150, 200, 250, 300, 350));

}  // namespace
}  // namespace phx::server::test
