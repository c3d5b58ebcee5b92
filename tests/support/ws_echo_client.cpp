// ws_echo_client [--deflate] URL: prints OPEN after its handshake, then echoes every message with its opcode until closed;
// --deflate offers permessage-deflate.
// ws_echo_client --cases URL --agent NAME: drives an Autobahn-style fuzzing server through all its cases, offering permessage-deflate.
// The URL is used as it stands; no heartbeat, no reconnect, no limits. Exit: 0 clean close, 1 otherwise, 2 usage, 3 no connection.

#include <charconv>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <phx/net/websocket_transport.hpp>

namespace {

using namespace phx;

enum Exit { ok = 0, unclean = 1, usage = 2, cannot_connect = 3 };

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

  Exit result() const {
    if (!opened_) return cannot_connect;
    return clean_ ? ok : unclean;
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
  Exit result;
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
Exit drive_cases(std::string base, const std::string& agent) {
  while (base.ends_with('/')) base.pop_back();
  const auto counted = run(base + "/getCaseCount", {.behaviour = Behaviour::listen});
  if (counted.result == cannot_connect) return cannot_connect;
  const auto count = read_number(counted.message);
  if (!count) {
    std::cerr << "ws_echo_client: /getCaseCount answered no number: '" << counted.message.substr(0, 80) << "'\n";
    return unclean;
  }
  for (int number = 1; number <= *count; ++number) {
    const auto outcome = run(base + "/runCase?case=" + std::to_string(number) + "&agent=" + agent, {.deflate = true});
    if (outcome.result == cannot_connect) return cannot_connect;
  }
  const auto reported = run(base + "/updateReports?agent=" + agent, {.behaviour = Behaviour::listen});
  std::cout << *count << " cases run" << std::endl;
  return reported.result;
}

constexpr const char* usage_text = "usage: ws_echo_client [--deflate] URL\n       ws_echo_client --cases URL --agent NAME\n";

Exit misused() {
  std::cerr << usage_text;
  return usage;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() == 1 && (args[0] == "--help" || args[0] == "-h")) {
    std::cout << usage_text;
    return ok;
  }
  if (args.size() == 1 && !args[0].starts_with('-')) return run(args[0], {.announce = true}).result;
  if (args.size() == 2 && args[0] == "--deflate") return run(args[1], {.announce = true, .deflate = true}).result;
  if (args.size() == 4 && args[0] == "--cases" && args[2] == "--agent") return drive_cases(args[1], args[3]);
  return misused();
}
