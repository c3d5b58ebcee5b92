#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <phx/server/origin.hpp>

namespace CLI {
class App;
}

namespace phx::app {

/// The command line of `phx-server serve`; flag > configuration file > default.
struct Options {
  std::string host = "127.0.0.1";
  int port = 4000;
  std::size_t workers = 0;
  std::string secret_key_base_file;
  std::string check_origin = "conn";
  std::string tls_cert, tls_key;
  std::string log_level = "info";
  std::vector<std::string> filter_parameters = {"password", "token", "secret"};
  int metrics_port = -1;  ///< none: no metrics
  bool print_config = false;
};

void add_options(CLI::App& app, Options& options);

/// `conn`, `true`, `false`, or a comma-separated list of origins. Throws cli::Failure(usage) that names the flag.
server::CheckOrigin parse_check_origin(const std::string& text);

/// The secret of the file, or one made up for this run. Throws cli::Failure(usage).
std::string secret_key_base(const Options& options);

}  // namespace phx::app
