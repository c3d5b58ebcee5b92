// The application of golden/FIXTURE.md as a program, for playbacks and for tests in other languages.
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <iostream>
#include <system_error>

#include <CLI/CLI.hpp>

#include "support/fixture_endpoint.hpp"

namespace {

using phx::server::Endpoint;

/// Blocks the signals for all threads that are started later; sigwait then takes them.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int serve(std::uint16_t port, std::size_t workers) {
  const auto signals = block_signals();
  phx::fixture::FixtureApp app;
  auto options = phx::fixture::endpoint_options(app, [] { ::kill(::getpid(), SIGTERM); });
  options.port = port;
  options.workers = workers;
  Endpoint endpoint(options);
  if (const auto started = endpoint.start(); !started) {
    std::cerr << "fixture_server: cannot listen on port " << port << ": " << started.error().message() << "\n";
    return 1;
  }
  std::cout << R"({"listening":{"host":")" << options.host << R"(","port":)" << endpoint.port() << "}}" << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  endpoint.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Serves the fixture application of the golden transcripts", "fixture_server"};
  std::uint16_t port = 0;
  std::size_t workers = 0;
  app.add_option("--port", port, "port to listen on; 0 takes a free one")->required();
  app.add_option("--workers", workers, "worker threads; 0: one per core");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) { return app.exit(e) == 0 ? 0 : 2; }
  return serve(port, workers);
}
