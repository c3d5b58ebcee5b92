#include <CLI/CLI.hpp>

#include <phx/cli/end_signals.hpp>
#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/core/json.hpp>
#include <phx/server/endpoint.hpp>
#include <phx/server/log_lines.hpp>
#include <phx/server/metrics.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/application.hpp"
#include "app/contexts/migrations.hpp"
#include "logging.hpp"
#include "mock_command.hpp"
#include "options.hpp"

namespace {

using namespace phx;
using cli::ExitCode;
using cli::Failure;

server::EndpointOptions endpoint_options(const app::Options& options) {
  server::EndpointOptions out;
  out.host = options.host;
  out.port = static_cast<std::uint16_t>(options.port);
  out.workers = options.workers;
  out.tls.cert_file = options.tls_cert;
  out.tls.key_file = options.tls_key;
  out.check_origin = app::parse_check_origin(options.check_origin);
  return out;
}

/// Checked before anything is opened, so that what is wrong is told in one line.
void check_tls(const server::EndpointOptions& options) {
  if (options.tls.cert_file.empty()) return;
  if (const auto context = core::TlsContext::server(options.tls); !context)
    throw Failure(ExitCode::usage, "--tls-cert, --tls-key: " + context.error().detail);
}

/// Metrics on a loopback listener of their own: they are nobody else's business, and a full server still answers.
class MetricsListener {
 public:
  MetricsListener(server::Endpoint& endpoint, const app::Options& options, server::Observer& log) : metrics_(endpoint) {
    server::EndpointOptions own;
    own.port = static_cast<std::uint16_t>(options.metrics_port);
    own.workers = 1;
    own.blocking_threads = 1;
    own.plugs = {metrics_.plug()};
    own.drain.shutdown = std::chrono::seconds(1);  // a scrape that nobody will answer any more
    own.observer = &log;
    listener_ = std::make_unique<server::Endpoint>(std::move(own));
    if (const auto started = listener_->start(); !started)
      throw Failure(ExitCode::error,
                    "cannot listen on 127.0.0.1:" + std::to_string(options.metrics_port) + " for metrics: " + started.error().message());
    app::write_log(server::Level::info, "metrics at http://127.0.0.1:" + std::to_string(listener_->port()) + "/metrics");
  }

  std::uint16_t port() const { return listener_->port(); }

 private:
  server::Metrics metrics_;
  std::unique_ptr<server::Endpoint> listener_;
};

/// SIGHUP: the certificate and key as the files have them now.
void reload_tls(server::Endpoint& endpoint, const app::Options& options) {
  if (options.tls_cert.empty()) return app::write_log(server::Level::info, "SIGHUP: nothing to reload without --tls-cert");
  const auto reloaded = endpoint.reload_tls({.cert_file = options.tls_cert, .key_file = options.tls_key});
  if (reloaded)
    app::write_log(server::Level::info, "TLS certificate reloaded cert=" + options.tls_cert);
  else
    app::write_log(server::Level::error, "TLS certificate not reloaded, the old one stays in use: " + reloaded.error().detail);
}

/// Until a second signal that ends, or for so long: a load balancer needs time to see that this node drains, and a SIGHUP renews the
/// certificate as ever.
void wait_for_end(const cli::EndSignals& signals, std::chrono::seconds limit, const std::function<void()>& reload) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + limit;
  while (Clock::now() < until) {
    const auto signal = signals.wait_for(std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()));
    if (signal && signal != SIGHUP) return;
    if (signal) reload();
  }
}

app::ApplicationOptions application_options(const app::Options& options) {
  app::ApplicationOptions out;
  out.repo.url = app::database_url(options);
  out.secret_key_base = app::secret_key_base(options);
  out.cors_origins = options.cors_origins;
  out.on_job_error = [](std::string_view what) { app::write_log(server::Level::error, "jobs: " + std::string(what)); };
  return out;
}

std::unique_ptr<app::Application> make_application(app::ApplicationOptions options) {
  try {
    return std::make_unique<app::Application>(std::move(options));
  } catch (const std::invalid_argument& e) { throw Failure(ExitCode::usage, e.what()); }
}

/// What the database says goes to the operator in one line.
template <class F>
auto with_database(F f) {
  try {
    return f();
  } catch (const store::DatabaseError& e) {
    const bool connection = e.kind() == store::DatabaseError::Kind::connection;
    std::string text = e.what();
    std::ranges::replace(text, '\n', ' ');
    throw Failure(connection ? ExitCode::cannot_connect : ExitCode::error, "--database: " + text);
  }
}

ExitCode serve(const app::Options& options) {
  const cli::EndSignals signals{SIGHUP};
  app::open_log(options.log_level);
  server::LineLogger log(app::log_options(options.log_level, options.filter_parameters), &app::write_log);
  app::ApplicationOptions app_options = application_options(options);
  // The log lives on this stack longer than the endpoint that uses it.
  app_options.observer = std::shared_ptr<server::Observer>(std::shared_ptr<void>(), &log);
  const auto application = make_application(std::move(app_options));
  server::EndpointOptions endpoint_opts = application->endpoint_options(endpoint_options(options));
  check_tls(endpoint_opts);
  endpoint_opts.observer = &log;
  with_database([&] { return application->migrate(); });
  server::Endpoint endpoint(std::move(endpoint_opts));
  with_database([&] { return application->start(endpoint); });
  std::optional<MetricsListener> metrics;
  if (options.metrics_port >= 0) metrics.emplace(endpoint, options, log);

  if (const auto started = endpoint.start(); !started)
    throw Failure(ExitCode::error,
                  "cannot listen on " + options.host + ":" + std::to_string(options.port) + ": " + started.error().message());
  cli::say_listening(options.host, endpoint.port(), metrics ? std::optional(metrics->port()) : std::nullopt);
  const auto reload = [&] { reload_tls(endpoint, options); };
  while (signals.wait() == SIGHUP) reload();
  application->drain();
  wait_for_end(signals, std::chrono::seconds(options.drain_wait), reload);
  endpoint.stop();
  application->stop();
  return ExitCode::pass;
}

ExitCode migrate(const app::Options& options, int rollback) {
  const auto application = make_application(application_options(options));
  return with_database([&] {
    Json done = Json::array();
    for (const auto version :
         rollback > 0 ? app::migrations().down(application->repo(), rollback) : app::migrations().up(application->repo()))
      done.push_back(version);
    cli::print(obj(rollback > 0 ? "rolled_back" : "migrated", done).dump() + "\n");
    return ExitCode::pass;
  });
}

ExitCode grant(const app::Options& options, const std::string& email, const std::string& role) {
  const auto application = make_application(application_options(options));
  const auto user = with_database([&] { return application->contexts().accounts.grant_role(email, role); });
  if (!user) throw Failure(ExitCode::check_failed, email + ": " + user.error().reason);
  cli::print(obj("email", user->email, "role", user->role).dump() + "\n");
  return ExitCode::pass;
}

ExitCode routes(const app::Options& options) {
  cli::print(make_application(application_options(options))->router().routes_text());
  return ExitCode::pass;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A Phoenix server: a JSON API at /api/v1, channels and presence at /socket", "phx-server"};
  app.set_version_flag("--version", cli::version_line("phx-server"));
  phx::app::Options options;
  phx::app::add_options(app, options);
  const auto command = [&](const char* name, const char* what) {
    return app.add_subcommand(name, what)->fallthrough()->configurable(false);
  };
  command("serve", "serve until SIGTERM (the default); migrates the database first");
  auto* migrate_command = command("migrate", "bring the database up to date and end");
  int rollback = 0;
  migrate_command->add_option("--rollback", rollback, "undo so many migrations instead")->check(CLI::Range(1, 1000));
  auto* routes_command = command("routes", "print the table of routes");
  std::string email, role;
  auto* grant_command = command("grant", "give a user a role");
  grant_command->add_option("email", email, "who")->required();
  grant_command->add_option("role", role, "user or admin")->required()->check(CLI::IsMember({"user", "admin"}));
  phx::app::MockOptions mock;
  const CLI::App* mock_command = phx::app::add_mock(app, mock);
  app.require_subcommand(0, 1);
  std::vector<std::string> words = phx::app::with_environment(app, argc, argv);
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  return cli::run_program(app, static_cast<int>(arguments.size()), arguments.data(), [&] {
    if (options.print_config) return cli::print(phx::app::config_text(app)), ExitCode::pass;
    if (*mock_command) return phx::app::run_mock(mock, options);
    if (*migrate_command) return migrate(options, rollback);
    if (*routes_command) return routes(options);
    if (*grant_command) return grant(options, email, role);
    return serve(options);
  });
}
