// phx replay FILE --to URL: the client of a capture once more, against another server; what that answers differently.
#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>
#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>
#include <phx/net/longpoll_transport.hpp>
#include <phx/net/proxy.hpp>
#include <phx/net/tls_filter.hpp>
#include <phx/net/websocket_transport.hpp>
#include <phx/scenario/replay.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "capture_file.hpp"
#include "command.hpp"
#include "connect_options.hpp"
#include "remedies.hpp"

namespace phx::cli {
namespace {

struct ReplayFlags : ConnectOptions {
  std::string file;
  std::uint64_t connection = 0;
  std::vector<std::string> ignore;
  bool recorded_pace = false;
  bool vsn_given = false;
};

class ReplayCommand final : public net::TransportEvents {
 public:
  ReplayCommand(const ReplayFlags& flags, scenario::Capture capture)
      : flags_(flags),
        capture_(std::move(capture)),
        core_(make_core()),
        out_(flags.output),
        how_(socket_options(flags)),
        timer_(context_),
        signals_(context_, SIGINT, SIGTERM) {}

  ExitCode run() {
    const std::string& vsn = core_.connection().vsn;
    if (flags_.vsn_given && flags_.vsn != vsn)
      throw Failure(ExitCode::usage,
                    "--vsn " + flags_.vsn + ": the frames of the capture are sent as they are, and they are of vsn " + vsn);
    const auto url = core::websocket_url(flags_.url, how_.params.get().json().value(), vsn);
    if (!url) throw Failure(ExitCode::usage, "--to '" + flags_.url + "' is no URL; write ws://host:port/socket");
    signals_.async_wait([this](boost::system::error_code ec, int) {
      if (!ec) end(ExitCode::interrupted);
    });
    open(*url, flags_.transport == "longpoll");
    context_.run();
    if (failure_) throw Failure(failure_->first, failure_->second);
    return code_;
  }

 private:
  void open(const std::string& url, bool longpoll) {
    fall_back_to_.clear();
    const auto proxy = proxy_to(flags_, flags_.url);
    if (longpoll) {
      transport_ = std::make_unique<net::LongPollTransport>(
          context_.get_executor(), *this,
          net::LongPollTransportOptions{.http = {.tls = how_.tls, .proxy = proxy}, .ndjson = !core_.connection().vsn.starts_with("1.")});
    } else {
      if (flags_.transport == "auto") fall_back_to_ = url;
      transport_ = std::make_unique<net::WebSocketTransport>(
          context_.get_executor(), *this, net::WebSocketOptions{.proxy = proxy, .secure_filter = net::tls_filters(how_.tls)});
    }
    net::ConnectRequest request{.url = url, .connect_timeout = flags_.timeout_or(default_timeout)};
    for (const auto& [name, value] : how_.headers.get()) request.headers.emplace_back(name, value);
    if (const auto token = how_.auth_token.get()) request.subprotocols = {"phoenix", core::auth_subprotocol(*token)};
    transport_->open(request);
  }

  scenario::ReplayCore make_core() const {
    scenario::ReplayOptions options;
    options.connection = flags_.connection;
    options.recorded_pace = flags_.recorded_pace;
    options.timeout = flags_.timeout_or(std::chrono::seconds(5));
    options.ignore.insert(options.ignore.end(), flags_.ignore.begin(), flags_.ignore.end());
    try {
      return {capture_, std::move(options)};
    } catch (const std::invalid_argument& e) { throw Failure(ExitCode::usage, flags_.file + ": " + e.what()); }
  }

  static Instant now() { return std::chrono::steady_clock::now(); }

  void on_open(std::string_view) override {
    fall_back_to_.clear();
    scenario::ReplayEffects effects;
    core_.start(now(), effects);
    perform(effects);
  }
  void on_message(core::Opcode op, std::string_view data) override {
    scenario::ReplayEffects effects;
    core_.on_frame(op, data, now(), effects);
    perform(effects);
  }
  void on_error(const net::TransportError& error) override {
    const bool late = error.code == Errc::connect_timeout;
    failure_ = {late ? ExitCode::timed_out : ExitCode::cannot_connect, remedies::line(error.message(), error.code, error.http_status)};
  }
  void on_close(const net::TransportClose&) override {
    if (!fall_back_to_.empty()) {  // --transport auto: the WebSocket never opened
      out_.talk(failure_->second + "; going on with long-poll");
      failure_.reset();
      return boost::asio::post(context_, [this, url = fall_back_to_] { open(url, true); });
    }
    if (failure_) return end(failure_->first);
    scenario::ReplayEffects effects;
    core_.on_closed(now(), effects);
    perform(effects);
    end(code_);
  }

  void perform(const scenario::ReplayEffects& effects) {
    for (const auto& effect : effects) {
      if (const auto* send = std::get_if<scenario::ReplaySend>(&effect))
        transport_->send(send->op, send->bytes);
      else
        return done();
    }
    const auto due = core_.next_deadline();
    if (!due) return;
    timer_.expires_at(*due);
    timer_.async_wait([this](boost::system::error_code ec) {
      if (ec) return;
      scenario::ReplayEffects late;
      core_.on_deadline(now(), late);
      perform(late);
    });
  }

  void done() {
    for (const Json& difference : core_.differences()) out_.data(difference);
    out_.talk(std::to_string(core_.sent()) + " frames sent, " + std::to_string(core_.compared()) + " compared, " +
              std::to_string(core_.differences().size()) + " differences");
    code_ = core_.differences().empty() ? ExitCode::pass : ExitCode::check_failed;
    transport_->close(1000, {});
    timer_.cancel();
    signals_.cancel();
  }

  void end(ExitCode code) {
    code_ = code;
    context_.stop();
  }

  const ReplayFlags& flags_;
  scenario::Capture capture_;
  scenario::ReplayCore core_;
  Output out_;
  client::SocketOptions how_;
  boost::asio::io_context context_{1};
  boost::asio::steady_timer timer_;
  boost::asio::signal_set signals_;
  std::unique_ptr<net::Transport> transport_;
  std::string fall_back_to_;  // with long-poll, if this connection fails
  std::optional<std::pair<ExitCode, std::string>> failure_;
  ExitCode code_ = ExitCode::error;
};

}  // namespace

void add_replay(CLI::App& app, Command& chosen) {
  auto flags = std::make_shared<ReplayFlags>();
  CLI::App* command =
      app.add_subcommand("replay", "send what the client of a capture sent, and report where the server answers differently");
  command->add_option("file", flags->file, "capture, as phx record and phx proxy write it")->required();
  command->add_option("--to", flags->url, "ws://host:port/socket")->required();
  add_connect_flags(*command, *flags, false);
  CLI::Option* vsn = command->get_option("--vsn");
  vsn->description("protocol version; default: that of the capture, which no other can stand for");
  command->get_option("--params")->description("connect params, a JSON object (those of the capture are not sent)");
  command->get_option("--timeout")->description("seconds to wait for each answer (default 5)");
  command->add_option("--connection", flags->connection, "number of the connection in the capture; default: the first with frames")
      ->check(check_count(0));
  command
      ->add_option("--ignore", flags->ignore, "key whose values may differ (phx_ref, online_at, inserted_at always may); may be repeated")
      ->take_all()
      ->allow_extra_args(false);
  command->add_flag("--recorded-pace", flags->recorded_pace, "with the pauses of the capture, not as fast as the answers come");
  command->callback([flags, vsn, &chosen] {
    flags->vsn_given = vsn->count() > 0;
    chosen = [flags] { return ReplayCommand(*flags, read_capture_file(flags->file)).run(); };
  });
}

}  // namespace phx::cli
