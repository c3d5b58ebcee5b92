#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <phx/server/origin.hpp>

namespace CLI {
class App;
}

namespace phx::app {

/// The options of phx-server; flag > environment (`PHX_PORT` for `--port`) > configuration file > default.
struct Options {
  std::string host = "127.0.0.1";
  int port = 4000;
  std::size_t workers = 0;
  std::string database = "sqlite::memory:";
  std::string database_file;
  std::vector<std::string> cors_origins;
  std::string secret_key_base_file;
  std::string check_origin = "conn";
  std::string tls_cert, tls_key;
  std::string log_level = "info";
  std::vector<std::string> filter_parameters = {"password", "token", "secret"};
  int metrics_port = -1;  ///< none: no metrics
  int drain_wait = 0;     ///< seconds
  bool print_config = false;
};

void add_options(CLI::App& app, Options& options);

/// `conn`, `true`, `false`, or a comma-separated list of origins. Throws cli::Failure(usage) that names the flag.
server::CheckOrigin parse_check_origin(const std::string& text);

/// The command line with what the environment adds to it: `--port=N` from PHX_PORT unless it, or what excludes it, is there already.
std::vector<std::string> with_environment(const CLI::App& app, int argc, char** argv);

/// --database, or what the file says, which may hold a password. Throws cli::Failure(usage).
std::string database_url(const Options& options);

/// The configuration in use as a file for --config, with *** for passwords. Options without a value are not in it.
std::string config_text(const CLI::App& app);

/// The secret of the file, or one made up for this run. Throws cli::Failure(usage).
std::string secret_key_base(const Options& options);

}  // namespace phx::app
