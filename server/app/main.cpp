#include <CLI/CLI.hpp>

#include <phx/cli/end_signals.hpp>
#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/server/endpoint.hpp>
#include <phx/server/presence.hpp>
#include <phx/server/pubsub.hpp>

#include <cstdio>

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

ExitCode serve(const app::Options& options) {
  const cli::EndSignals signals;
  app::LogObserver log(options.log_level);
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

  if (const auto started = endpoint.start(); !started)
    throw Failure(ExitCode::error,
                  "cannot listen on " + options.host + ":" + std::to_string(options.port) + ": " + started.error().message());
  cli::say_listening(options.host, endpoint.port());
  signals.wait();
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
