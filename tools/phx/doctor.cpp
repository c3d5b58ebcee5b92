// phx doctor URL: what works between here and a Phoenix socket, what does not, and the remedy.
#include <netdb.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <phx/cli/program.hpp>
#include <phx/client/async.hpp>
#include <phx/core/client/retry_after.hpp>
#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>
#include <phx/net/http_client.hpp>
#include <phx/net/proxy.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>

#include "command.hpp"
#include "message_line.hpp"
#include "remedies.hpp"
#include "session.hpp"

namespace phx::cli {
namespace {

constexpr Duration tolerated_skew = std::chrono::seconds(30);

struct DoctorOptions : ConnectOptions {};

std::string http_date(std::time_t time) {
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 64> text;
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

class DoctorCommand {
 public:
  explicit DoctorCommand(const DoctorOptions& options)
      : options_(options), out_(options.output), socket_options_(socket_options(options)) {}

  ExitCode run() {
    const auto params = socket_options_.params.get().json();
    const auto url = core::websocket_url(options_.url, *params, options_.vsn);
    if (!url) throw Failure(ExitCode::usage, "'" + options_.url + "' is not a URL like ws://host:port/socket");
    url_ = *net::parse_url(*url);
    const bool reached = find_host() && over_http(core::longpoll_url(*url));
    if (reached && over_websocket() && !options_.topic.empty()) join();
    out_.talk(worst_ == ExitCode::pass ? "everything works" : "something is wrong: see \"remedy\"");
    return worst_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool good(const char* check, const std::string& detail) { return tell(obj("check", check, "ok", true, "detail", detail)), true; }
  bool bad(const char* check, const std::string& detail, std::string_view remedy, ExitCode code) {
    tell(obj("check", check, "ok", false, "detail", detail, "remedy", remedy));
    if (worst_ == ExitCode::pass) worst_ = code;
    return false;
  }
  void tell(Json line) {
    line["ms"] = std::round(std::chrono::duration<double, std::milli>(Clock::now() - since_).count() * 10) / 10;
    since_ = Clock::now();
    out_.data(line);
  }

  std::optional<net::ProxyOptions> proxy() const {
    std::string why;
    auto proxy = !options_.proxy.empty() && options_.proxy != "env" ? net::parse_proxy(options_.proxy, why)
                 : options_.proxy == "env"                          ? net::proxy_from_environment(
                                                 url_, [](const char* name) { return std::getenv(name); }, why)
                                           : std::nullopt;
    if (!why.empty()) throw Failure(ExitCode::usage, "--proxy: " + why);
    return proxy;
  }

  bool find_host() {
    if (const auto via = proxy()) return good("dns", "left to the proxy " + via->authority());
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(url_.host.c_str(), nullptr, &hints, &found);
    if (error != 0) return bad("dns", url_.host + ": " + ::gai_strerror(error), remedies::name, ExitCode::cannot_connect);
    std::string addresses;
    for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
      std::array<char, NI_MAXHOST> text;
      if (::getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0)
        addresses += (addresses.empty() ? "" : ", ") + std::string(text.data());
    }
    ::freeaddrinfo(found);
    return good("dns", addresses);
  }

  /// One request for a long-poll session tells of TCP, TLS, the server's clock and long-poll.
  bool over_http(const std::string& url) {
    boost::asio::io_context io{1};
    net::HttpClient http(io.get_executor(), {.tls = socket_options_.tls, .proxy = proxy()});
    net::HttpRequest request{.url = url, .headers = socket_options_.headers.get(), .timeout = options_.timeout_or(default_timeout)};
    if (socket_options_.auth_token.get()) request.headers.emplace_back("x-phoenix-authtoken", *socket_options_.auth_token.get());
    std::optional<tl::expected<net::HttpAnswer, net::TransportError>> outcome;
    http.start(std::move(request), [&](auto result) { outcome = std::move(result); });
    io.run();
    if (!*outcome) return not_reached(outcome->error());
    const std::string peer = url_.authority();
    good("tcp", "connected to " + peer);
    if (url_.secure()) good("tls", options_.insecure ? "secured; the certificate was not looked at" : "secured, certificate verified");
    clock(**outcome);
    long_poll(**outcome);
    return true;
  }

  bool not_reached(const net::TransportError& error) {
    const bool late = error.code == std::errc::timed_out || error.code == Errc::connect_timeout;
    const ExitCode code = late ? ExitCode::timed_out : ExitCode::cannot_connect;
    switch (error.step) {
      case net::Step::security: good("tcp", "connected to " + url_.authority()); return bad("tls", error.message(), remedies::tls, code);
      case net::Step::proxy: return bad("tcp", error.message(), remedies::proxy, code);
      case net::Step::request:
        good("tcp", "connected to " + url_.authority());
        return bad("http", error.message(), "something else than a web server listens there, or it hangs; wss:// if it expects TLS", code);
      default: return bad("tcp", error.message(), remedies::tcp, code);
    }
  }

  void clock(const net::HttpAnswer& answer) {
    const auto date = std::ranges::find(answer.headers, "date", [](const auto& h) { return h.first; });
    const std::string now = http_date(std::time(nullptr));
    const auto ahead = date == answer.headers.end() ? std::nullopt : core::parse_retry_after(date->second, now);
    const auto behind = ahead ? core::parse_retry_after(now, date->second) : std::nullopt;
    if (!behind) return void(good("clock", "the server does not tell its time"));
    const auto skew = std::max(*ahead, *behind);
    const auto seconds = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(skew).count());
    const std::string text = "the server's clock is " + seconds + " s " + (*ahead > *behind ? "ahead of" : "behind") + " ours";
    if (skew <= tolerated_skew) return void(good("clock", text));
    bad("clock", text, "tokens with max_age are taken too long, or not at all: let NTP set both clocks", ExitCode::check_failed);
  }

  void long_poll(const net::HttpAnswer& answer) {
    const auto json = parse_json(answer.body);
    const bool session = answer.status == 200 && json && json->is_object() && json->value("status", 0) == 410 && json->contains("token");
    if (session) return void(good("longpoll", "a session was given"));
    if (answer.status == 404)
      return void(good("longpoll", "not offered: no fallback where WebSockets are blocked (`longpoll: true` in the endpoint)"));
    bad("longpoll", "HTTP " + std::to_string(answer.status), remedies::of_status(answer.status), ExitCode::cannot_connect);
  }

  bool over_websocket() {
    ConnectOptions options = options_;
    options.transport = "websocket";
    try {
      session_.emplace(options, true);
      auto opened = session_->socket().on_open([this] { session_->finish(ExitCode::pass); });
      const ExitCode end = session_->run(options_.timeout_or(default_timeout));
      if (end != ExitCode::pass) throw Failure(end, "no WebSocket within " + options_.timeout_text(default_timeout));
      good("upgrade", "WebSocket opened");
    } catch (const Failure& e) {
      const auto failure = session_ ? session_->failure() : std::nullopt;
      const int status = failure ? failure->http_status : 0;
      return bad("upgrade", failure ? failure->message : e.what(),
                 status != 0 ? remedies::of_status(status) : "a proxy in between may not know WebSockets: try --transport longpoll",
                 e.code());
    }
    return heartbeat();
  }

  bool heartbeat() {
    std::optional<std::error_code> answer;
    session_->socket().async_ping([&](boost::system::error_code error, Duration) {
      answer = error;
      session_->finish(ExitCode::pass);
    });
    const ExitCode end = session_->loop().run(Clock::now() + options_.timeout_or(default_timeout));
    if (answer && !*answer) return good("heartbeat", "answered");
    return bad("heartbeat", answer ? answer->message() : "no answer within " + options_.timeout_text(default_timeout),
               "the connection opens but carries nothing: look for a proxy that holds back or cuts WebSockets",
               end == ExitCode::pass ? ExitCode::cannot_connect : end);
  }

  void join() {
    auto channel = session_->channel(options_.topic);
    std::optional<client::Reply> reply;
    auto replies = channel.on("phx_reply", [&](const client::Message& m) {
      const Json payload = payload_json(m.payload);
      reply = client::Reply{payload.value("status", ""), client::Payload(payload.value("response", Json::object()))};
      session_->finish(ExitCode::pass);
    });
    channel.join();
    const ExitCode end = session_->loop().run(Clock::now() + options_.timeout_or(default_timeout));
    if (reply && reply->ok()) {
      good("join", options_.topic + " joined");
    } else if (reply) {
      bad("join", options_.topic + ": " + reply->response.text(), "the channel's join/3 said no: check the topic and --join-payload",
          ExitCode::check_failed);
    } else {
      bad("join", "no answer within " + options_.timeout_text(default_timeout),
          "the channel's join/3 hangs, or crashed: look at the server's log", end == ExitCode::pass ? ExitCode::cannot_connect : end);
    }
    session_->disconnect();
  }

  const DoctorOptions& options_;
  Output out_;
  client::SocketOptions socket_options_;
  net::Url url_;
  std::optional<Session> session_;
  ExitCode worst_ = ExitCode::pass;
  Clock::time_point since_ = Clock::now();
};

}  // namespace

void add_doctor(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand("doctor", "check name, TCP, TLS, clock, long-poll, upgrade, heartbeat, join; says the remedy");
  add_connect_options(*command, *options, false);
  command->add_option("--topic", options->topic, "also join this topic");
  command->add_option("--join-payload", options->join_payload, "payload of the join, JSON");
  command->callback([options, &chosen] { chosen = [options] { return DoctorCommand(*options).run(); }; });
}

}  // namespace phx::cli
