// phx record URL TOPIC...: a capture of one connection.
#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>
#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>
#include <phx/core/ws/websocket_core.hpp>

#include "capture_file.hpp"
#include "command.hpp"
#include "session.hpp"

namespace phx::cli {
namespace {

using core::ws::FrameOp;

struct RecordOptions : ConnectOptions {
  std::vector<std::string> topics;
  std::string out;
  bool keep_secrets = false;
};

/// The SDK's frames, on its I/O thread; handed to the command's.
class Tap final : public core::ws::FrameTap {
 public:
  std::function<void(Direction, FrameOp, std::string, Instant)> told;
  void on_frame(Direction direction, FrameOp op, std::string_view payload, Instant now) override {
    told(direction, op, std::string(payload), now);
  }
};

class RecordCommand {
 public:
  explicit RecordCommand(const RecordOptions& options)
      : options_(options),
        sink_(options.out),
        session_(options, false, &tap_),
        recorder_(header(options), std::chrono::steady_clock::now(), {.keep_secrets = options.keep_secrets},
                  [this](const std::string& line) { sink_.line(line); }) {
    tap_.told = [this](core::ws::FrameTap::Direction d, FrameOp op, std::string bytes, Instant now) {
      session_.loop().post([this, d, op, bytes = std::move(bytes), now] { on_frame(d, op, bytes, now); });
    };
    opened_ =
        session_.socket().on_open([this] { recorder_.opened(++connection_, url_on_the_wire(options_), std::chrono::steady_clock::now()); });
    for (const std::string& topic : options.topics)
      channels_.push_back(session_.socket().channel(topic, payload_argument(options.join_payload, "--join-payload")));
  }

  ExitCode run() {
    for (client::Channel& channel : channels_)
      channel.join()
          .receive("error", [this, topic = channel.topic()](const client::Reply&) { refused(topic); })
          .on_failure([topic = channel.topic()](std::error_code why) {
            throw Failure(ExitCode::timed_out, "no answer to the join of " + topic + ": " + why.message());
          });
    const ExitCode end = session_.run(options_.timeout_seconds ? std::optional(options_.timeout_or({})) : std::nullopt);
    session_.disconnect();
    return end == ExitCode::timed_out ? ExitCode::pass : end;
  }

 private:
  static scenario::CaptureHeader header(const RecordOptions& o) {
    scenario::CaptureHeader out{
        .tool = "phx record", .url = o.url, .transport = o.transport == "longpoll" ? "longpoll" : "websocket", .vsn = o.vsn};
    out.started = scenario::capture_time(std::chrono::system_clock::now());
    return out;
  }

  /// Without the token, which a capture would mask.
  static std::string url_on_the_wire(const RecordOptions& o) {
    const auto url = core::websocket_url(o.url, parse_json(o.params).value_or(Json::object()), o.vsn);
    if (!url) return o.url;
    return o.transport == "longpoll" ? core::longpoll_url(*url) : *url;
  }

  void refused(const std::string& topic) {
    session_.out().talk("the join of " + topic + " was refused");
    session_.finish(ExitCode::check_failed);
  }

  void on_frame(core::ws::FrameTap::Direction d, FrameOp op, const std::string& bytes, Instant now) {
    record_frame(recorder_, std::max<std::uint64_t>(1, connection_), {d, op, bytes}, options_.vsn, now);
  }

  const RecordOptions& options_;
  CaptureSink sink_;
  Tap tap_;
  Session session_;
  scenario::CaptureRecorder recorder_;
  client::Subscription opened_;
  std::vector<client::Channel> channels_;
  std::uint64_t connection_ = 0;
};

}  // namespace

void add_record(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<RecordOptions>();
  CLI::App* command = app.add_subcommand("record", "join topics and write a capture of the connection, until Ctrl-C or --timeout");
  add_connect_options(*command, *options, false);
  command->add_option("topics", options->topics, "topics to join")->required();
  command->add_option("--join-payload", options->join_payload, "payload of the joins, JSON");
  command->add_option("--out", options->out, "file for the capture, instead of stdout");
  command->add_flag("--keep-secrets", options->keep_secrets, "do not mask tokens and passwords");
  command->callback([options, &chosen] { chosen = [options] { return RecordCommand(*options).run(); }; });
}

}  // namespace phx::cli
