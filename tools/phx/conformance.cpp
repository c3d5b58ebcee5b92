// phx conformance URL: does the server speak Channels? Each rule, and a score.
#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/conformance/suite.hpp>
#include <phx/net/proxy.hpp>
#include <phx/scenario/yaml.hpp>
#include <phx/testing/net_target.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "command.hpp"
#include "connect_options.hpp"

namespace phx::cli {
namespace {

struct ConformanceOptions : NetworkOptions {
  std::string url, description, junit, only, auth_token_file;
  std::optional<std::string> topic, params, join_payload, refused_params, echo_event, broadcast_event, crash_event, refused_topic;
  std::vector<std::string> skip;
  bool list = false;
};

Json object_argument(const std::string& text, const char* flag) {
  auto json = parse_json(text);
  if (!json || !json->is_object()) throw Failure(ExitCode::usage, std::string(flag) + ": expected a JSON object, got " + text);
  return std::move(*json);
}

conformance::Description describe(const ConformanceOptions& options) {
  conformance::Description out;
  try {
    if (!options.description.empty())
      out = conformance::Description::from_yaml(read_file(options.description, "--description"), options.description);
  } catch (const scenario::FileError& error) { throw Failure(ExitCode::usage, error.what()); }
  const std::size_t host = options.url.find("://");
  const std::size_t path = host == std::string::npos ? host : options.url.find('/', host + 3);
  out.path = path == std::string::npos ? std::string() : options.url.substr(path, options.url.find('?', path) - path);
  if (options.topic) out.topic = *options.topic;
  if (options.refused_topic) out.refused_topic = *options.refused_topic;
  if (options.echo_event) out.echo_event = *options.echo_event;
  if (options.broadcast_event) out.broadcast_event = *options.broadcast_event;
  if (options.crash_event) out.crash_event = *options.crash_event;
  if (options.params) out.params = object_argument(*options.params, "--params");
  if (const auto secret = token(options)) out.params["token"] = *secret;
  if (options.join_payload) out.join_payload = object_argument(*options.join_payload, "--join-payload");
  if (options.refused_params) out.refused_params = object_argument(*options.refused_params, "--refused-params");
  out.timeout = options.timeout_or(out.timeout);
  const auto without = [&](const char* part) { return std::find(options.skip.begin(), options.skip.end(), part) != options.skip.end(); };
  if (without("v1")) out.v1 = false;
  if (without("binary")) out.binary = false;
  if (without("longpoll")) out.longpoll = false;
  if (without("origin")) out.foreign_origin.clear();
  if (without("token")) out.refused_params = nullptr;
  if (without("limits")) out.max_message_bytes = out.max_channels = 0;
  return out;
}

const char* word(conformance::Verdict verdict) {
  static constexpr const char* words[] = {"pass", "fail", "skip"};
  return words[static_cast<std::size_t>(verdict)];
}

class Report {
 public:
  explicit Report(const OutputOptions& options)
      : lines_(options.json || (isatty(STDOUT_FILENO) != 1 && !options.pretty)),
        colour_(isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr),
        out_({.json = true, .pretty = false, .quiet = options.quiet}) {}

  void tell(const conformance::Result& r) {
    if (lines_) {
      Json line = obj("check", r.check->id, "rule", r.check->rule, "says", r.check->says, "result", word(r.verdict));
      if (!r.detail.empty()) line["detail"] = r.detail;
      return out_.data(line);
    }
    std::string text = std::string(paint(r.verdict)) + word(r.verdict) + (colour_ ? "\033[0m" : "") + "  ";
    text.append(r.check->id).append("  ").append(r.check->says).append(" (").append(r.check->rule).append(")\n");
    if (!r.detail.empty()) text += "      " + r.detail + "\n";
    print(text);
  }

  void end(const conformance::Score& s) {
    if (lines_) return out_.data(obj("passed", s.passed, "failed", s.failed, "skipped", s.skipped, "score", percent(s)));
    print(std::to_string(s.passed) + " passed, " + std::to_string(s.failed) + " failed, " + std::to_string(s.skipped) + " skipped: score " +
          std::to_string(percent(s)) + " %\n");
  }

 private:
  static std::size_t percent(const conformance::Score& s) { return s.passed + s.failed == 0 ? 0 : 100 * s.passed / (s.passed + s.failed); }
  const char* paint(conformance::Verdict v) const {
    static constexpr const char* colours[] = {"\033[32m", "\033[31m", "\033[33m"};
    return colour_ ? colours[static_cast<std::size_t>(v)] : "";
  }

  bool lines_, colour_;
  Output out_;
};

/// Nobody there is not a fault of the protocol.
void connect_first(testing::Target& target, const conformance::Description& description) {
  const auto peer = target.dial({.params = description.params});
  const Instant deadline = target.now() + description.timeout;
  while (!peer->opened && !peer->ended && target.wait(deadline)) {}
  if (!peer->opened && !peer->ended) throw Failure(ExitCode::timed_out, "the handshake was not answered in time");
  if (!peer->opened) throw Failure(ExitCode::cannot_connect, peer->ended->detail);
}

testing::NetTargetOptions target_options(const ConformanceOptions& options) {
  const client::SocketOptions network = network_options(options);
  testing::NetTargetOptions out{.tls = network.tls, .auth_token = auth_token(options.auth_token_file)};
  for (const auto& [name, value] : network.headers.get()) out.headers.emplace_back(name, value);
  if (const auto proxy = proxy_to(options, options.url)) out.proxy = proxy->url();
  return out;
}

ExitCode run_checks(const ConformanceOptions& options) {
  check_writable(options.junit, "--junit");
  const conformance::Description description = describe(options);
  std::optional<testing::NetTarget> target;
  try {
    target.emplace(options.url, target_options(options));
  } catch (const std::invalid_argument& error) { throw Failure(ExitCode::usage, error.what()); }
  const auto& all = conformance::checks();
  if (std::none_of(all.begin(), all.end(), [&](const auto& check) { return check.id.starts_with(options.only); }))
    throw Failure(ExitCode::usage, "--only: no check begins with '" + options.only + "'; phx conformance --list names them");
  connect_first(*target, description);
  Report report(options.output);
  const auto results = conformance::run(*target, description, options.only, [&](const conformance::Result& r) { report.tell(r); });
  const conformance::Score s = conformance::score(results);
  report.end(s);
  if (!options.junit.empty()) write_file(options.junit, conformance::junit(results, options.url));
  return s.failed == 0 ? ExitCode::pass : ExitCode::check_failed;
}

ExitCode list_checks() {
  std::string lines;
  for (const conformance::Check& check : conformance::checks())
    lines.append(check.id).append("\t").append(check.rule).append("\t").append(check.says).append("\n");
  print(lines);
  return ExitCode::pass;
}

}  // namespace

void add_conformance(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ConformanceOptions>();
  CLI::App* command = app.add_subcommand("conformance", "check that a server speaks the Channels protocol; exit 4 when a check fails");
  CLI::Option* url = command->add_option("URL", options->url, "ws://host:port/socket");
  command->add_flag("--list", options->list, "name the checks and their rules")->excludes(url);
  command->add_option("--description", options->description, "YAML or JSON file of topics and events that may be used (- is stdin)");
  command->add_option("--topic", options->topic, "that anybody may join (default room:conformance)");
  command->add_option("--refused-topic", options->refused_topic, "whose join answers an error (default room:private; empty: none)");
  command->add_option("--echo-event", options->echo_event, "answered ok with its payload (default ping; empty: none)");
  command->add_option("--broadcast-event", options->broadcast_event, "broadcast to the topic (default new_msg; empty: none)");
  command->add_option("--crash-event", options->crash_event, "crashes its channel (default none: unchecked)");
  command->add_option("--params", options->params, "JSON object: params of every connection");
  command->add_option("--join-payload", options->join_payload, "JSON object: payload of every join");
  command->add_option("--auth-token-file", options->auth_token_file, "file with the auth token, sent as subprotocol; - is stdin");
  command->add_option("--refused-params", options->refused_params, "JSON object that connect refuses");
  command->add_option("--skip", options->skip, "parts the server does not have: v1, binary, longpoll, origin, token, limits")
      ->delimiter(',')
      ->check(CLI::IsMember({"v1", "binary", "longpoll", "origin", "token", "limits"}));
  command->add_option("--only", options->only, "checks whose name begins so: join, v1.messages");
  command->add_option("--junit", options->junit, "write a JUnit report to this file");
  add_network_options(*command, *options, "the param `token`");
  command->get_option("--timeout")->description("seconds for what ought to come (default 5)");
  command->callback([options, url, &chosen] {
    if (options->list) {
      chosen = list_checks;
      return;
    }
    if (url->count() == 0) throw CLI::RequiredError("URL");
    chosen = [options] { return run_checks(*options); };
  });
}

}  // namespace phx::cli
