#include "options.hpp"

#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>
#include <phx/core/base64.hpp>
#include <phx/core/random.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <regex>

namespace phx::app {

using cli::ExitCode;
using cli::Failure;

namespace {

/// The configuration file, less what an option from above excludes: --database-file counts more than `database=` in the file.
class ConfigFile final : public CLI::ConfigBase {
 public:
  explicit ConfigFile(const CLI::App& app) : app_(app) {}
  std::vector<CLI::ConfigItem> from_config(std::istream& in) const override {
    auto all = ConfigBase::from_config(in);
    std::erase_if(all, [&](const CLI::ConfigItem& item) {
      const auto* option = item.parents.empty() ? app_.get_option_no_throw("--" + item.name) : nullptr;
      return option && std::ranges::any_of(option->get_excludes(), [](const CLI::Option* other) { return other->count() > 0; });
    });
    return all;
  }

 private:
  const CLI::App& app_;  // owns this
};

}  // namespace

void add_options(CLI::App& app, Options& o) {
  app.add_option("--host", o.host, "address to listen on")->capture_default_str();
  app.add_option("--port", o.port, "port to listen on; 0 takes a free one")->check(CLI::Range(0, 65535))->capture_default_str();
  app.add_option("--workers", o.workers, "worker threads; 0: one per core")->check(CLI::Range(0, 1024))->capture_default_str();
  auto* database =
      app.add_option("--database", o.database, "sqlite:PATH, sqlite::memory: (gone with the process) or postgresql://USER@HOST/DATABASE")
          ->capture_default_str();
  app.add_option("--database-file", o.database_file, "file with the URL of the database, for URLs with a password")->excludes(database);
  app.add_option("--cors-origins", o.cors_origins, "origins of pages that may call the API, as in https://app.example")->delimiter(',');
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
  app.add_option("--drain-wait", o.drain_wait,
                 "seconds from SIGTERM, when /ready turns to 503, to the end of service; a second signal ends them")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  app.set_config("--config", "", "file with these options, as in port=4000");
  app.allow_config_extras(CLI::config_extras_mode::error);  // a misspelt key must not be taken for silence
  app.config_formatter(std::make_shared<ConfigFile>(app));
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

std::vector<std::string> with_environment(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> out(argv, argv + argc);
  std::vector<std::string> added;
  const auto given = [&](const CLI::Option* option) {
    const std::string flag = "--" + option->get_lnames().front();
    return std::ranges::any_of(out, [&](const std::string& word) { return word == flag || word.starts_with(flag + "="); });
  };
  for (const auto* option : app.get_options()) {
    if (option->get_lnames().empty() || (!option->get_configurable() && option != app.get_config_ptr())) continue;
    if (given(option) || std::ranges::any_of(option->get_excludes(), given)) continue;
    const std::string& name = option->get_lnames().front();
    std::string variable = "PHX_" + name;
    for (char& c : variable) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (const char* value = std::getenv(variable.c_str()); value && *value) added.push_back("--" + name + "=" + value);
  }
  out.insert(out.begin() + 1, added.begin(), added.end());
  return out;
}

namespace {

std::string first_line(const std::string& path, const char* flag) {
  std::string text = cli::read_file(path, flag);
  text.erase(text.find_last_not_of("\r\n") + 1);
  return text;
}

/// `://user:SECRET@`, also with a slash in it, and parameters that hold a secret, or may: percent signs hide what a key is.
std::string without_passwords(const std::string& text) {
  static const std::regex login("(://[^:@/]*:)(?:[^/]*@|[^?]*@)");
  static const std::regex parameter("([?&](?:[^=&]*(?:password|secret|token)|[^=&]*%)[^=&]*=)[^&]*", std::regex::icase);
  return std::regex_replace(std::regex_replace(text, login, "$1***@"), parameter, "$1***");
}

/// What an option was given, or its default; a list by its elements.
std::vector<std::string> values_of(const CLI::Option& option) {
  auto values = option.reduced_results();
  const std::string text = option.get_default_str();
  if (!values.empty() || text.empty()) return values;
  if (option.get_delimiter() == '\0') return {text};
  return CLI::detail::split(text.substr(1, text.size() - 2), ',');  // "[a,b]"
}

}  // namespace

std::string database_url(const Options& options) {
  return options.database_file.empty() ? options.database : first_line(options.database_file, "--database-file");
}

std::string config_text(const CLI::App& app) {
  std::string out;
  for (const auto* option : app.get_options()) {
    if (!option->get_configurable() || option->get_lnames().empty()) continue;
    auto values = values_of(*option);
    if (values.empty()) continue;
    for (auto& value : values) value = without_passwords(value);
    out += option->get_lnames().front() + '=' + CLI::detail::ini_join(values) + '\n';
  }
  return out;
}

std::string secret_key_base(const Options& options) {
  if (options.secret_key_base_file.empty()) return core::base64url_encode(core::SystemRandom().bytes(48));
  std::string secret = first_line(options.secret_key_base_file, "--secret-key-base-file");
  if (secret.size() < 20) throw Failure(ExitCode::usage, "--secret-key-base-file: the secret must have at least 20 bytes");
  return secret;
}

}  // namespace phx::app
