// ws_echo_client [--deflate] URL: prints OPEN after its handshake, then echoes every message with its opcode until closed;
// --deflate offers permessage-deflate.
// ws_echo_client --cases URL --agent NAME: drives an Autobahn-style fuzzing server through all its cases, offering permessage-deflate.
// The URL is used as it stands; no heartbeat, no reconnect, no limits. Exit: 0 clean close, 1 otherwise, 2 usage, 3 no connection.

#include <charconv>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <phx/cli/program.hpp>
#include <phx/net/url.hpp>
#include <phx/net/websocket_transport.hpp>

namespace {

using namespace phx;
using cli::ExitCode;

enum class Behaviour { echo, listen };

struct Options {
  Behaviour behaviour = Behaviour::echo;
  bool announce = false;
  bool deflate = false;
};

/// One connection, from connect to close.
class Run final : public net::TransportEvents {
 public:
  Run(boost::asio::io_context& io, const Options& options)
      : transport_(io.get_executor(), *this,
                   {.limits = core::ws::Limits::unlimited(),
                    .close_timeout = std::chrono::seconds(10),
                    .deflate = options.deflate ? std::optional(core::ws::DeflateOffer{}) : std::nullopt}),
        behaviour_(options.behaviour),
        announce_(options.announce) {}

  void start(const std::string& url) { transport_.open({.url = url}); }

  void on_open(std::string_view) override {
    opened_ = true;
    if (announce_) std::cout << "OPEN" << std::endl;
  }
  void on_message(net::Opcode op, std::string_view data) override {
    if (behaviour_ == Behaviour::echo) return transport_.send(op, data);
    message_ = data;
  }
  void on_error(const net::TransportError& error) override { std::cerr << "ws_echo_client: " << error.message() << '\n'; }
  void on_close(const net::TransportClose& close) override { clean_ = close.clean; }

  ExitCode result() const {
    if (!opened_) return ExitCode::cannot_connect;
    return clean_ ? ExitCode::pass : ExitCode::error;
  }
  const std::string& message() const { return message_; }

 private:
  net::WebSocketTransport transport_;
  Behaviour behaviour_;
  bool announce_;
  bool opened_ = false;
  bool clean_ = false;
  std::string message_;
};

struct Outcome {
  ExitCode result;
  std::string message;
};

Outcome run(const std::string& url, const Options& options) {
  boost::asio::io_context io(1);
  Run connection(io, options);
  connection.start(url);
  io.run();
  return {connection.result(), connection.message()};
}

std::optional<int> read_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

/// The verdict on each case is the fuzzing server's; a case that ends uncleanly is no failure of the drive.
ExitCode drive_cases(const std::string& base, const std::string& agent) {
  const auto counted = run(base + "/getCaseCount", {.behaviour = Behaviour::listen});
  if (counted.result == ExitCode::cannot_connect) return counted.result;
  const auto count = read_number(counted.message);
  if (!count) throw cli::Failure(ExitCode::error, "/getCaseCount answered no number: '" + counted.message.substr(0, 80) + "'");
  for (int number = 1; number <= *count; ++number) {
    const auto outcome = run(base + "/runCase?case=" + std::to_string(number) + "&agent=" + agent, {.deflate = true});
    if (outcome.result == ExitCode::cannot_connect) return outcome.result;
  }
  const auto reported = run(base + "/updateReports?agent=" + agent, {.behaviour = Behaviour::listen});
  std::cout << *count << " cases run" << std::endl;
  return reported.result;
}

std::string check_url(const std::string& text) {
  return net::parse_url(text) ? "" : "'" + text + "' is not a URL like ws://host:port/path";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Echoes the messages of a WebSocket server, or drives a fuzzing server through its cases", "ws_echo_client"};
  app.set_version_flag("--version", cli::version_line("ws_echo_client"));
  std::string url, cases, agent;
  bool deflate = false;
  auto* to_echo = app.add_option("URL", url, "ws://host:port/path, used as it stands")->check(check_url);
  auto* offer = app.add_flag("--deflate", deflate, "offer permessage-deflate");
  auto* to_drive =
      app.add_option("--cases", cases, "fuzzing server to drive, used as it stands")->check(check_url)->excludes(to_echo, offer);
  auto* name = app.add_option("--agent", agent, "under which it reports")->needs(to_drive);
  to_drive->needs(name);
  return cli::run_program(app, argc, argv, [&] {
    if (!cases.empty()) return drive_cases(cases, agent);
    if (url.empty()) throw cli::Failure(ExitCode::usage, "URL or --cases is required (see ws_echo_client --help)");
    return run(url, {.announce = true, .deflate = deflate}).result;
  });
}
