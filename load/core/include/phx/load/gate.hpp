#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/load/ledger.hpp>
#include <phx/load/statistics.hpp>
#include <phx/scenario/matcher.hpp>

namespace phx::load {

struct GateResult {
  std::string expr;
  Json value;  ///< of the first path in the expression: a number (latencies in us), or null when nothing was measured
  bool pass = false;
  std::string stage;  ///< empty: the whole run
  Json to_json() const;
};

/// A condition on the figures of a run: `join.p99 < 200ms`, `delivery.lost == 0 and errors.rate < 1%`. A latency of which nothing was
/// measured is null and fails every comparison.
class Gate {
 public:
  /// Errors: syntax, a figure that does not exist (with those that do), or that is compared with nothing: it would always pass.
  static tl::expected<Gate, std::string> parse(std::string_view expression);
  GateResult evaluate(const Json& figures) const;
  const std::string& expr() const noexcept { return expr_; }

 private:
  Gate(std::string expr, std::string path, scenario::Matcher matcher)
      : expr_(std::move(expr)), path_(std::move(path)), matcher_(std::move(matcher)) {}
  std::string expr_, path_;
  scenario::Matcher matcher_;
};

/// Users as they ended.
struct UserCounts {
  std::uint64_t planned = 0, connected = 0, joined = 0, failed = 0;
  void add(const UserCounts& o) noexcept { planned += o.planned, connected += o.connected, joined += o.joined, failed += o.failed; }
  bool operator==(const UserCounts&) const = default;
};

/// What gates look at: {"join":{"count","p50",…,"max","mean"},…,"delivery":{…,"lost",…},"errors":{"total","rate",class…},"users":{…},"rate":{…}}.
Json figures(const Stats& stats, const Deliveries& deliveries, const UserCounts& users, double seconds);

}  // namespace phx::load
