#include <CLI/CLI.hpp>

#include <phx/cli/end_signals.hpp>
#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/server/endpoint.hpp>
#include <phx/server/log_lines.hpp>
#include <phx/server/metrics.hpp>
#include <phx/server/presence.hpp>
#include <phx/server/pubsub.hpp>

#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>

#include "chat.hpp"
#include "logging.hpp"
#include "options.hpp"
#include "user_socket.hpp"

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

ExitCode serve(const app::Options& options) {
  const cli::EndSignals signals{SIGHUP};
  app::open_log(options.log_level);
  server::LineLogger log(app::log_options(options.log_level, options.filter_parameters), &app::write_log);
  server::PubSub pubsub;
  server::EndpointOptions endpoint_opts = endpoint_options(options);
  check_tls(endpoint_opts);
  server::Presence presence(pubsub);
  app::Chat chat;
  auto socket = std::make_shared<app::UserSocket>(app::Contexts{chat, presence, app::secret_key_base(options)});
  // The log lives on this stack longer than the endpoint that uses it.
  std::shared_ptr<server::Observer> observer(std::shared_ptr<void>(), &log);
  auto handler = std::make_shared<server::ChannelSocketHandler>(
      std::move(socket), pubsub, server::ChannelSocketHandler::Options{.max_channels_per_transport = 100, .observer = observer});
  endpoint_opts.sockets.push_back({.path = "/socket",
                                   .handler = handler,
                                   .websocket = server::WebSocketOptions{},
                                   .auth_token = false,
                                   .longpoll = server::LongPollOptions{}});
  endpoint_opts.pubsub = &pubsub;
  endpoint_opts.observer = &log;
  server::Endpoint endpoint(std::move(endpoint_opts));
  std::optional<MetricsListener> metrics;
  if (options.metrics_port >= 0) metrics.emplace(endpoint, options, log);

  if (const auto started = endpoint.start(); !started)
    throw Failure(ExitCode::error,
                  "cannot listen on " + options.host + ":" + std::to_string(options.port) + ": " + started.error().message());
  cli::say_listening(options.host, endpoint.port());
  while (signals.wait() == SIGHUP) reload_tls(endpoint, options);
  endpoint.stop();
  return ExitCode::pass;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A Phoenix server: channels and presence at /socket", "phx-server"};
  app.set_version_flag("--version", cli::version_line("phx-server"));
  phx::app::Options options;
  phx::app::add_options(app, options);
  app.add_subcommand("serve", "serve until SIGTERM (the default)")->fallthrough()->configurable(false);
  app.require_subcommand(0, 1);
  return cli::run_program(app, argc, argv, [&] {
    if (!options.print_config) return serve(options);
    if (std::fputs(app.config_to_str(true).c_str(), stdout) < 0 || std::fflush(stdout) != 0) throw cli::ClosedPipe{};
    return ExitCode::pass;
  });
}
