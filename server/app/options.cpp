#include "options.hpp"

#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>
#include <phx/core/base64.hpp>
#include <phx/core/random.hpp>

namespace phx::app {

using cli::ExitCode;
using cli::Failure;

void add_options(CLI::App& app, Options& o) {
  app.add_option("--host", o.host, "address to listen on")->capture_default_str();
  app.add_option("--port", o.port, "port to listen on; 0 takes a free one")->check(CLI::Range(0, 65535))->capture_default_str();
  app.add_option("--workers", o.workers, "worker threads; 0: one per core")->check(CLI::Range(0, 1024))->capture_default_str();
  app.add_option("--secret-key-base-file", o.secret_key_base_file, "file with the secret of tokens; default: one made up for this run");
  app.add_option("--check-origin", o.check_origin,
                 "conn, true, false, or origins separated by commas, as in https://app.example,//*.app.example")
      ->capture_default_str();
  auto* tls_cert = app.add_option("--tls-cert", o.tls_cert, "serve https:// and wss:// only: PEM file with the certificate and its chain");
  auto* tls_key = app.add_option("--tls-key", o.tls_key, "PEM file with the key of --tls-cert");
  tls_cert->needs(tls_key);
  tls_key->needs(tls_cert);
  app.add_option("--log-level", o.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  app.add_option("--filter-parameters", o.filter_parameters, "words; parameters whose names contain one are not logged")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--metrics-port", o.metrics_port, "serve Prometheus text at http://127.0.0.1:PORT/metrics; 0 takes a free port")
      ->check(CLI::Range(0, 65535));
  app.set_config("--config", "", "file with these options, as in port=4000");
  app.add_flag("--print-config", o.print_config, "print the configuration in use and exit")->configurable(false);
}

server::CheckOrigin parse_check_origin(const std::string& text) {
  if (text == "conn") return server::CheckOrigin::same_as_request();
  if (text == "true") return server::CheckOrigin::endpoint_host();
  if (text == "false") return server::CheckOrigin::off();
  try {
    return server::CheckOrigin::list(CLI::detail::split(text, ','));
  } catch (const std::invalid_argument& e) { throw Failure(ExitCode::usage, std::string("--check-origin: ") + e.what()); }
}

std::string secret_key_base(const Options& options) {
  if (options.secret_key_base_file.empty()) return core::base64url_encode(core::SystemRandom().bytes(48));
  std::string secret = cli::read_file(options.secret_key_base_file, "--secret-key-base-file");
  secret.erase(secret.find_last_not_of("\r\n") + 1);
  if (secret.size() < 20) throw Failure(ExitCode::usage, "--secret-key-base-file: the secret must have at least 20 bytes");
  return secret;
}

}  // namespace phx::app
