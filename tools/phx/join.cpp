// phx join URL TOPIC: the join reply, then one line per message.
#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>
#include <phx/core/json.hpp>
#include <phx/scenario/glob.hpp>
#include <phx/scenario/matcher.hpp>

#include <algorithm>

#include "command.hpp"
#include "message_line.hpp"
#include "session.hpp"

namespace phx::cli {
namespace {

struct JoinOptions : ConnectOptions {
  std::vector<std::string> events;
  std::string where;
  std::optional<std::uint64_t> count;
};

class JoinCommand {
 public:
  explicit JoinCommand(const JoinOptions& options)
      : options_(options),
        where_(parse_where(options.where)),
        session_(options, false),
        channel_(session_.channel(options.topic)),
        replies_(channel_.on("phx_reply", [this](const client::Message& m) { on_reply(m); })),
        messages_(session_.socket().on_message([this](const client::Message& m) { on_message(m); })) {}

  ExitCode run() {
    channel_.join().on_failure([this](std::error_code why) {
      if (!joined_) throw Failure(ExitCode::timed_out, "no answer to the join of " + options_.topic + ": " + why.message());
    });
    const ExitCode end = session_.run(options_.timeout_seconds ? std::optional(options_.timeout_or({})) : std::nullopt);
    if (end != ExitCode::timed_out) return end;
    if (joined_ && !options_.count) return ExitCode::pass;
    throw Failure(ExitCode::timed_out, joined_ ? "--timeout " + options_.timeout_text({}) + " reached with " + std::to_string(shown_) +
                                                     " of " + std::to_string(*options_.count) + " messages"
                                               : "not joined within --timeout " + options_.timeout_text({}));
  }

 private:
  static std::optional<scenario::Matcher> parse_where(const std::string& text) {
    if (text.empty()) return std::nullopt;
    auto matcher = scenario::Matcher::parse(text);
    if (!matcher) throw Failure(ExitCode::usage, "--where: " + matcher.error().message);
    return *matcher;
  }

  /// As they were on the wire: a handler of the channel would see its join_ref filled in.
  void on_message(const client::Message& m) {
    if (!joined_ || m.topic != options_.topic || m.event == "phx_reply" || !wanted(m)) return;
    session_.out().data(line(m));
    if (options_.count && ++shown_ == *options_.count) session_.finish(ExitCode::pass);
  }

  /// The answer to the first join; those to rejoins are not shown.
  void on_reply(const client::Message& m) {
    if (joined_ || m.ref != m.join_ref) return;
    const Json shown = line(m);
    session_.out().data(shown);
    if (shown["payload"].value("status", "") != "ok") return session_.finish(ExitCode::check_failed);
    joined_ = true;
    if (options_.count == 0) session_.finish(ExitCode::pass);
  }

  Json line(const client::Message& m) const { return message_line(session_.seconds(), m); }

  bool wanted(const client::Message& m) const {
    const auto fits = [&](const std::string& glob) { return scenario::glob_match(glob, m.event); };
    if (!options_.events.empty() && std::ranges::none_of(options_.events, fits)) return false;
    return !where_ || (*where_)(line(m));
  }

  const JoinOptions& options_;
  std::optional<scenario::Matcher> where_;
  Session session_;
  client::Channel channel_;
  client::Subscription replies_, messages_;
  bool joined_ = false;
  std::uint64_t shown_ = 0;
};

}  // namespace

void add_join(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<JoinOptions>();
  CLI::App* command = app.add_subcommand("join", "join a topic and print its messages, one JSON object per line");
  add_connect_options(*command, *options);
  command->add_option("--event", options->events, "only events that match; * is any text, ? one byte; may be repeated")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--where", options->where, "only messages that fit, as in 'payload.n >= 2 and event == \"new_msg\"'");
  command->add_option("--count", options->count, "end after so many messages")->check(check_count(0));
  command->callback([options, &chosen] { chosen = [options] { return JoinCommand(*options).run(); }; });
}

}  // namespace phx::cli
