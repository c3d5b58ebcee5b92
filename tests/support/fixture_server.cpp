// The application of golden/FIXTURE.md as a program, for playbacks and for tests in other languages.
#include <unistd.h>

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include <phx/cli/end_signals.hpp>
#include <phx/cli/program.hpp>

#include "support/fixture_endpoint.hpp"
#include "support/served_files.hpp"

namespace {

using phx::cli::ExitCode;
using phx::server::Endpoint;

ExitCode serve(std::uint16_t port, std::size_t workers, const std::vector<std::string>& files) {
  const phx::cli::EndSignals signals;
  phx::fixture::FixtureApp app;
  auto options = phx::fixture::endpoint_options(app, [] { ::kill(::getpid(), SIGTERM); });
  options.port = port;
  options.workers = workers;
  options.plugs.insert(options.plugs.begin(), phx::fixture::serve_files(files));
  Endpoint endpoint(options);
  if (const auto started = endpoint.start(); !started)
    throw phx::cli::Failure(ExitCode::error, "cannot listen on port " + std::to_string(port) + ": " + started.error().message());
  phx::cli::say_listening(options.host, endpoint.port());
  signals.wait();
  endpoint.stop();
  return ExitCode::pass;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Serves the fixture application of the golden transcripts", "fixture_server"};
  app.set_version_flag("--version", phx::cli::version_line("fixture_server"));
  std::uint16_t port = 0;
  std::size_t workers = 0;
  app.add_option("--port", port, "port to listen on; 0 takes a free one")->required();
  app.add_option("--workers", workers, "worker threads; 0: one per core");
  std::vector<std::string> files;
  app.add_option("--file", files, "URL_PATH=FILE: serves a file, for browsers; may be repeated");
  return phx::cli::run_program(app, argc, argv, [&] { return serve(port, workers, files); });
}
