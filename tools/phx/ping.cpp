// phx ping URL [--count N]: round trips of heartbeats, one a second.
#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>
#include <phx/client/async.hpp>
#include <phx/core/json.hpp>

#include <cmath>

#include "command.hpp"
#include "session.hpp"

namespace phx::cli {
namespace {

constexpr Duration interval = std::chrono::seconds(1);

struct PingOptions : ConnectOptions {
  std::optional<std::uint64_t> count;
};

class PingCommand {
 public:
  explicit PingCommand(const PingOptions& options)
      : options_(options), session_(options, true), opened_(session_.socket().on_open([this] { session_.finish(ExitCode::pass); })) {}

  ExitCode run() {
    ExitCode end = session_.run(options_.timeout_or(default_timeout));
    for (std::uint64_t n = 1; end == ExitCode::pass; ++n) {
      const Instant started = std::chrono::steady_clock::now();
      ping();
      end = session_.loop().run(started + options_.timeout_or(default_timeout));
      if (end == ExitCode::timed_out) throw Failure(end, "no answer within " + options_.timeout_text(default_timeout));
      if (end != ExitCode::pass || n == options_.count) return end;
      end = session_.loop().run(started + interval);
      if (end == ExitCode::timed_out) end = ExitCode::pass;
    }
    if (end == ExitCode::timed_out) throw Failure(end, "not connected within " + options_.timeout_text(default_timeout));
    return end;
  }

 private:
  void ping() {
    session_.socket().async_ping(
        [this](boost::system::error_code error, Duration rtt) { session_.loop().post([this, error, rtt] { on_pong(error, rtt); }); });
  }

  void on_pong(std::error_code error, Duration rtt) {
    if (error) throw Failure(ExitCode::cannot_connect, "connection lost: " + error.message());
    const double ms = std::chrono::duration<double, std::milli>(rtt).count();
    session_.out().data(obj("rtt_ms", std::round(ms * 1000) / 1000));
    session_.finish(ExitCode::pass);
  }

  const PingOptions& options_;
  Session session_;
  client::Subscription opened_;
};

}  // namespace

void add_ping(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<PingOptions>();
  CLI::App* command = app.add_subcommand("ping", "measure round trips of heartbeats, one a second");
  add_connect_options(*command, *options, false);
  command->add_option("--count", options->count, "end after so many (default: never)")->check(check_count(1));
  command->callback([options, &chosen] { chosen = [options] { return PingCommand(*options).run(); }; });
}

}  // namespace phx::cli
