#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <phx/cli/exit_code.hpp>

namespace CLI {
class App;
}

namespace phx::app {

struct Options;

/// `phx-server mock FILE` and `mock --replay CAPTURE`. Host and port are those of phx-server.
struct MockOptions {
  std::string file, replay, journal;
  std::vector<std::string> faults;
  std::uint64_t seed = 1;
};

CLI::App* add_mock(CLI::App& app, MockOptions& options);

/// Serves until SIGTERM; the file is read again when it changes. Throws cli::Failure(usage) that names file, line and column.
cli::ExitCode run_mock(const MockOptions& options, const Options& server);

}  // namespace phx::app
