// `phx-load search`: grows users, rate or fan-out until a gate breaks, then halves the distance.
#include <CLI/CLI.hpp>

#include <phx/cli/end_signals.hpp>
#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/core/json.hpp>

#include <cmath>
#include <cstdio>

#include "app/options.hpp"

namespace phx::load {

using cli::ExitCode;
using cli::Failure;

namespace {

constexpr double most_searched = 1e9;

struct SearchOptions {
  RunOptions run;
  std::string vary = "rate", method = "bisect";
  double from = 0, to = 0, step = 0, precision = 0.05;
};

struct Attempt {
  double value = 0;
  bool good = false;
  Json gates;
  std::vector<std::string> overloaded;
};

class Search {
 public:
  explicit Search(const SearchOptions& o) : o_(o), out_({.json = o.run.json, .quiet = o.run.quiet}) {}

  ExitCode run() {
    if (o_.method == "steps")
      steps();
    else
      bisect();
    if (interrupted_) return ExitCode::interrupted;
    return tell();
  }

 private:
  Attempt attempt(double value) {
    RunOptions options = o_.run;
    if (o_.vary == "rate")
      options.overrides.rate = value;
    else if (o_.vary == "users")
      options.overrides.users = static_cast<std::uint32_t>(std::llround(value));
    else {  // fan-out: members per broadcast
      options.overrides.users = static_cast<std::uint32_t>(std::llround(value));
      options.overrides.publishers = 1;
    }
    const Judged judged = run_and_judge(
        make_job(options), options, [&] { return interrupted_ = interrupted_ || signals_.wait_for(std::chrono::milliseconds(10)); }, false);
    const ExitCode code = exit_code(judged);
    if (code == ExitCode::cannot_connect) throw Failure(code, "nobody could connect to " + options.url);
    Attempt a{value, code == ExitCode::pass, judged.result.json["gates"], judged.result.overloaded};
    out_.talk("phx-load: " + o_.vary + " " + number(value) + ": " +
              (a.good                 ? "pass"
               : a.overloaded.empty() ? "FAIL"
                                      : "generator overloaded"));
    out_.data(obj("attempt", obj(o_.vary, value, "pass", a.good, "gates", a.gates, "overloaded", a.overloaded)));
    (a.good ? best_ : worst_) = a;
    return a;
  }

  void steps() {
    const double step = o_.step > 0 ? o_.step : (o_.to - o_.from) / 10;
    for (double value = o_.from; value <= o_.to * (1 + 1e-9) && !interrupted_; value += step)
      if (!attempt(value).good) return;
  }

  void bisect() {
    double low = o_.from, high = o_.from;
    while (!interrupted_) {  // double until it breaks
      if (!attempt(high).good) break;
      low = high;
      if (high >= o_.to) return;
      high = std::min(high * 2, o_.to);
    }
    while (!interrupted_ && best_ && (high - low) > o_.precision * high && rounded(high - low) > 0) {
      const double middle = (low + high) / 2;
      (attempt(middle).good ? low : high) = middle;
    }
  }

  double rounded(double value) const { return o_.vary == "rate" ? value : std::floor(value / 2); }

  static std::string number(double value) {
    return value == std::floor(value) ? std::to_string(static_cast<long long>(value)) : std::to_string(value);
  }

  ExitCode tell() {
    Json out = obj("vary", o_.vary, "sustainable", best_ ? Json(best_->value) : Json(), "breaks_at", worst_ ? Json(worst_->value) : Json());
    if (best_) out["gates"] = best_->gates;
    if (worst_) out["breaking_gates"] = worst_->gates;
    if (best_ && worst_) out["margin"] = (worst_->value - best_->value) / best_->value;
    const bool own_limit = worst_ && !worst_->overloaded.empty();
    out["limited_by_generator"] = own_limit;
    if (best_)
      out_.talk("phx-load: sustainable " + o_.vary + ": " + number(best_->value) +
                (worst_ ? ", breaks at " + number(worst_->value) : ", did not break"));
    else
      out_.talk("phx-load: even " + number(o_.from) + " is too much");
    out_.data(out);
    if (own_limit) return ExitCode::overloaded;
    return best_ ? ExitCode::pass : ExitCode::gate_failed;
  }

  const SearchOptions& o_;
  const cli::EndSignals signals_;
  cli::Output out_;
  std::optional<Attempt> best_, worst_;
  bool interrupted_ = false;
};

ExitCode search(const SearchOptions& o) {
  if (o.run.gates.empty()) throw Failure(ExitCode::usage, "search needs a --gate to break, as in --gate 'reply.p99 < 50ms'");
  if (!(o.from > 0) || o.to < o.from) throw Failure(ExitCode::usage, "search needs --from above 0 and --to not below it");
  return Search(o).run();
}

}  // namespace

void add_search(CLI::App& app, Command& chosen) {
  CLI::App* c = app.add_subcommand("search", "find how much a server sustains before a gate breaks");
  auto o = std::make_shared<SearchOptions>();
  add_plan_options(*c, o->run);
  c->add_option("--vary", o->vary, "rate, users or fanout")->check(CLI::IsMember({"rate", "users", "fanout"}))->capture_default_str();
  c->add_option("--from", o->from, "where to begin")->required()->check(cli::check_number(0, most_searched));
  c->add_option("--to", o->to, "where to stop")->required()->check(cli::check_number(0, most_searched));
  c->add_option("--method", o->method, "bisect (double, then halve the distance) or steps")
      ->check(CLI::IsMember({"bisect", "steps"}))
      ->capture_default_str();
  c->add_option("--step", o->step, "of --method steps; default: a tenth of the way")->check(cli::check_number(0, most_searched));
  c->add_option("--precision", o->precision, "of --method bisect, as a share of the figure")
      ->check(cli::check_number(0.001, 1))
      ->capture_default_str();
  c->callback([&chosen, o] { chosen = [o] { return search(*o); }; });
}

}  // namespace phx::load
