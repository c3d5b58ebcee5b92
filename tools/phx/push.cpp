// phx push URL TOPIC EVENT [PAYLOAD|@file|@-]: one push and its reply.
#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>
#include <phx/client/async.hpp>
#include <phx/core/json.hpp>

#include "command.hpp"
#include "message_line.hpp"
#include "session.hpp"

namespace phx::cli {
namespace {

struct PushOptions : ConnectOptions {
  std::string event, payload = "{}";
  bool no_reply = false;
};

class PushCommand {
 public:
  explicit PushCommand(const PushOptions& options)
      : options_(options),
        payload_(payload_argument(options.payload, "the payload")),
        session_(options, true),
        channel_(session_.channel(options.topic)) {}

  ExitCode run() {
    channel_.async_join([this](boost::system::error_code error, const client::Reply& reply) {
      if (error) fail("the join of " + options_.topic, error);
      reply.ok() ? push() : show(reply);
    });
    const ExitCode end = session_.run(options_.timeout_or(default_timeout));
    if (end == ExitCode::timed_out) fail(pushed_ ? "the push" : "the join of " + options_.topic, Errc::push_timeout);
    if (end == ExitCode::pass) session_.disconnect();
    return end;
  }

 private:
  [[noreturn]] void fail(const std::string& what, std::error_code why) const {
    if (why == Errc::push_timeout || why == Errc::join_timeout)
      throw Failure(ExitCode::timed_out, "no answer to " + what + " within " + options_.timeout_text(default_timeout));
    throw Failure(ExitCode::error, what + " failed: " + why.message());
  }

  void push() {
    pushed_ = true;
    if (options_.no_reply) {
      channel_.push(options_.event, payload_);
      return session_.finish(ExitCode::pass);
    }
    channel_.async_push(options_.event, payload_, [this](boost::system::error_code error, const client::Reply& reply) {
      if (error) fail("the push", error);
      show(reply);
    });
  }

  void show(const client::Reply& reply) {
    session_.out().data(reply_line(reply));
    session_.finish(reply.ok() ? ExitCode::pass : ExitCode::check_failed);
  }

  const PushOptions& options_;
  client::Payload payload_;
  Session session_;
  client::Channel channel_;
  bool pushed_ = false;
};

}  // namespace

void add_push(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<PushOptions>();
  CLI::App* command = app.add_subcommand("push", "join a topic, push one event and print the reply");
  add_connect_options(*command, *options);
  command->add_option("event", options->event, "event name")->required();
  command->add_option("payload", options->payload, "JSON, @file or @- (stdin); {\"$binary\":\"<base64>\"} is bytes");
  command->add_flag("--no-reply", options->no_reply, "do not wait for a reply");
  command->callback([options, &chosen] { chosen = [options] { return PushCommand(*options).run(); }; });
}

}  // namespace phx::cli
