// phx presence URL TOPIC [--watch]: who is on a topic, and who comes and goes.
#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>
#include <phx/client/presence.hpp>
#include <phx/core/json.hpp>

#include "command.hpp"
#include "message_line.hpp"
#include "session.hpp"

namespace phx::cli {
namespace {

struct WatchOptions : ConnectOptions {
  bool watch = false;
};

class PresenceCommand {
 public:
  explicit PresenceCommand(const WatchOptions& options)
      : options_(options),
        session_(options, !options.watch),
        channel_(session_.channel(options.topic)),
        presence_(channel_),
        replies_(channel_.on("phx_reply", [this](const client::Message& m) { on_reply(m); })),
        joined_(presence_.on_join([this](const client::PresenceJoined& j) { joins_[j.presence.key] = presence_json(j.presence); })),
        left_(presence_.on_leave([this](const client::PresenceLeft& l) { leaves_[l.presence.key] = presence_json(l.presence); })),
        synced_(presence_.on_sync([this] { on_sync(); })) {}

  ExitCode run() {
    channel_.join();
    const bool limited = !options_.watch || options_.timeout_seconds;
    const ExitCode end = session_.run(limited ? std::optional(options_.timeout_or(default_timeout)) : std::nullopt);
    if (end != ExitCode::timed_out) return end;
    if (listed_) return ExitCode::pass;  // --watch, and its time is over
    throw Failure(end, options_.topic + " sent no presence_state within " + options_.timeout_text(default_timeout));
  }

 private:
  void on_reply(const client::Message& m) {
    const Json reply = payload_json(m.payload);
    if (listed_ || reply.value("status", "") == "ok") return;
    session_.out().data(reply);
    session_.finish(ExitCode::check_failed);
  }

  /// The first state is the list; every later change, also by a state after a reconnect, is a line of joins and leaves.
  void on_sync() {
    if (listed_) {
      session_.out().data(obj("joins", std::exchange(joins_, Json::object()), "leaves", std::exchange(leaves_, Json::object())));
      return;
    }
    listed_ = true;
    joins_ = leaves_ = Json::object();
    Json list = Json::object();
    for (const auto& entry : presence_.list()) list[entry.key] = presence_json(entry);
    session_.out().data(list);
    if (!options_.watch) session_.finish(ExitCode::pass);
  }

  const WatchOptions& options_;
  Json joins_ = Json::object(), leaves_ = Json::object();
  bool listed_ = false;
  Session session_;
  client::Channel channel_;
  client::Presence presence_;
  client::Subscription replies_, joined_, left_, synced_;
};

}  // namespace

void add_presence(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* command = app.add_subcommand("presence", "print who is on a topic: key -> metas");
  add_connect_options(*command, *options);
  command->add_flag("--watch", options->watch, "go on with a line of joins and leaves per change");
  command->callback([options, &chosen] { chosen = [options] { return PresenceCommand(*options).run(); }; });
}

}  // namespace phx::cli
