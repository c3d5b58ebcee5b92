// phx proxy --listen PORT --to URL: between any client and any server, a capture of everything on stdout.
#include <CLI/CLI.hpp>

#include <phx/cli/end_signals.hpp>
#include <phx/cli/program.hpp>
#include <phx/relay/relay.hpp>

#include "capture_file.hpp"
#include "command.hpp"
#include "main_loop.hpp"

namespace phx::cli {
namespace {

struct ProxyOptions {
  std::string host = "127.0.0.1", to, out, ca_file;
  int listen = 0;
  std::vector<std::string> faults;
  std::uint64_t seed = 1;
  bool insecure = false, keep_secrets = false, quiet = false;
};

relay::RelayOptions relay_options(const ProxyOptions& o) {
  relay::RelayOptions out;
  out.host = o.host;
  out.port = static_cast<std::uint16_t>(o.listen);
  out.to = o.to;
  out.tls.ca_file = o.ca_file;
  out.tls.verify = !o.insecure;
  out.seed = o.seed;
  for (const std::string& fault : o.faults) {
    const auto steps = fault_argument(fault);
    out.faults.insert(out.faults.end(), steps.begin(), steps.end());
  }
  return out;
}

ExitCode proxy(const ProxyOptions& options) {
  relay::RelayOptions how = relay_options(options);
  MainLoop loop;
  CaptureSink sink(options.out);
  const Instant start = std::chrono::steady_clock::now();
  scenario::CaptureHeader header{.tool = "phx proxy", .url = options.to};
  header.started = scenario::capture_time(std::chrono::system_clock::now());
  scenario::CaptureRecorder recorder(header, start, {.keep_secrets = options.keep_secrets},
                                     [&](std::string line) { loop.post([&sink, text = std::move(line)] { sink.line(text); }); });
  relay::RelayRecording recording(recorder, options.to.substr(0, options.to.find('/', options.to.find("://") + 3)));
  std::optional<relay::Relay> relay;
  try {
    relay.emplace(std::move(how), recording);
  } catch (const std::invalid_argument& e) { throw Failure(ExitCode::usage, std::string("--to: ") + e.what()); }
  if (const auto started = relay->start(); !started)
    throw Failure(ExitCode::error,
                  "cannot listen on " + options.host + ":" + std::to_string(options.listen) + ": " + started.error().message());
  if (!options.out.empty()) say_listening(options.host, relay->port());
  if (!options.quiet) std::fprintf(stderr, "listening on %s:%d\n", options.host.c_str(), relay->port());
  const ExitCode end = loop.run();
  relay->stop();
  return end == ExitCode::interrupted ? ExitCode::pass : end;
}

}  // namespace

void add_proxy(CLI::App& app, Command& chosen) {
  auto o = std::make_shared<ProxyOptions>();
  CLI::App* command =
      app.add_subcommand("proxy", "stand between a client and a server: a capture of everything on stdout, faults on demand");
  command->add_option("--listen", o->listen, "port to listen on; 0 takes a free one")->check(check_count(0, 65535))->required();
  command->add_option("--to", o->to, "ws://host:port or wss://host:port; the path is the client's")->required();
  command->add_option("--host", o->host, "address to listen on")->capture_default_str();
  command->add_option("--out", o->out, "file for the capture, instead of stdout");
  command->add_option("--fault", o->faults, R"(a fault, as in '{"drop":{"event":"new_msg","nth":10}}' or deploy; may be repeated)")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--seed", o->seed, "of the faults' random numbers")->capture_default_str();
  command->add_option("--ca-file", o->ca_file, "PEM file of the authorities to trust for wss://");
  command->add_flag("--insecure", o->insecure, "take any certificate of the server: anybody may be in the middle");
  command->add_flag("--keep-secrets", o->keep_secrets, "do not mask tokens and passwords in the capture");
  command->add_flag("--quiet", o->quiet, "no talk on stderr");
  command->callback([o, &chosen] { chosen = [o] { return proxy(*o); }; });
}

}  // namespace phx::cli
