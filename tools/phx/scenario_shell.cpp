#include "scenario_shell.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <phx/client/async.hpp>
#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>
#include <phx/net/http_client.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "scenario_capture.hpp"

namespace phx::cli {
namespace {

using namespace scenario;
namespace asio = boost::asio;

constexpr Duration never = std::chrono::hours(24 * 365);

client::Payload to_payload(const std::string& text) {
  if (text.starts_with("{\"$binary\":")) {
    const auto json = parse_json(text);
    if (json && json->size() == 1 && (*json)["$binary"].is_string())
      if (const auto bytes = core::base64_decode((*json)["$binary"].get<std::string>())) return client::Bytes{*bytes};
  }
  return client::RawJson{text};
}

std::string to_text(const client::Payload& payload) {
  return payload.is_binary() ? to_json_text(obj("$binary", core::base64_encode(payload.text()))) : payload.text();
}

/// The connection of one actor.
struct Link {
  struct Joined {
    client::Channel channel;
    client::Subscription messages;
  };
  std::unique_ptr<client::Socket> socket;
  std::map<std::uint32_t, Joined> channels;  // go before their socket
  client::Subscription opened, failed, closed;
};

}  // namespace

class ScenarioShell::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, std::shared_ptr<client::Runtime> runtime, std::shared_ptr<const Scenario> scenario, RunOptions options,
       client::SocketOptions base, std::shared_ptr<ScenarioCapture> capture, std::function<void()> done)
      : io_(io),
        runtime_(std::move(runtime)),
        base_(std::move(base)),
        core_(std::move(scenario), std::move(options)),
        capture_(std::move(capture)),
        timer_(io),
        done_(std::move(done)),
        http_(std::in_place, io.get_executor(), net::HttpClientOptions{.tls = base_.tls, .proxy = {}, .user_agent = "phx test"}) {}

  void start() {
    core_.start(std::chrono::steady_clock::now(), effects_);
    perform();
  }

  void stop() {
    stopped_ = true;
    timer_.cancel();
    links_.clear();
    http_.reset();
  }

  const ScenarioCore& core() const { return core_; }

 private:
  template <class Input>
  void feed(std::size_t actor, Input input) {
    if (stopped_ || core_.ended()) return;
    core_.feed(actor, std::chrono::steady_clock::now(), effects_,
               [&](ActorCore& a, ActorEffects& o) { input(a, std::chrono::steady_clock::now(), o); });
    perform();
  }

  /// An effect may fail at once and feed the core again: what is left waits its turn.
  void perform() {
    if (performing_) return;
    performing_ = true;
    for (std::size_t i = 0; i < effects_.size(); ++i) {
      const ScenarioEffect next = std::move(effects_[i]);
      std::visit([&](const auto& effect) { act(next.actor, effect); }, next.effect);
    }
    effects_.clear();
    performing_ = false;
    if (core_.ended()) return finish();
    arm();
  }

  void finish() {
    timer_.cancel();
    asio::post(io_, [self = shared_from_this()] {
      if (self->stopped_) return;
      self->links_.clear();
      self->done_();
    });
  }

  void arm() {
    const auto deadline = core_.next_deadline();
    if (!deadline) return;
    timer_.expires_at(*deadline);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (error || self->stopped_ || self->core_.ended()) return;
      self->core_.on_deadline(std::chrono::steady_clock::now(), self->effects_);
      self->perform();
    });
  }

  client::SocketOptions options_for(const OpenConnection& open) const {
    client::SocketOptions o = base_;
    o.runtime = runtime_;
    o.timeout = never;
    o.connect_timeout = never;  // the actor's own limit comes first
    o.policy.reconnect = o.policy.rejoin = {.shape = core::Backoff::Fixed{never}, .spread = core::Backoff::Spread::none};
    Json params = base_.params.get().json().value();
    params.update(parse_json(open.params).value());
    o.params = client::Payload(params);
    if (open.auth_token) o.auth_token = open.auth_token;
    client::HeaderList headers = base_.headers.get();
    headers.insert(headers.end(), open.headers.begin(), open.headers.end());
    o.headers = headers;
    if (open.transport == TransportWish::longpoll) o.transport = client::TransportMode::longpoll;
    if (open.transport == TransportWish::automatic) o.transport = client::TransportMode::automatic;
    if (open.vsn == "1.0.0") o.vsn = client::Vsn::v1;
    return o;
  }

  void act(std::size_t actor, const OpenConnection& open) {
    auto link = std::make_unique<Link>();
    client::SocketOptions options = options_for(open);
    options.frame_tap = capture_->open(core_.actors()[actor]->name(), open, std::chrono::steady_clock::now());
    try {
      link->socket = std::make_unique<client::Socket>(open.url, std::move(options));
    } catch (const std::invalid_argument& e) { return refused(actor, {.message = e.what()}); }
    client::Socket& socket = *link->socket;
    link->opened = socket.on_open([this, actor] { feed(actor, [](ActorCore& a, Instant now, ActorEffects& o) { a.on_open(now, o); }); });
    link->failed = socket.on_error([this, actor](const client::ConnectionError& e) {
      if (e.establishments == 0 && !e.falling_back)
        refused(actor, {.http_status = e.http_status, .timed_out = e.code == make_error_code(Errc::connect_timeout), .message = e.message});
    });
    link->closed = socket.on_close([this, actor](const client::ConnectionClosed& c) {
      drop(actor);
      feed(actor, [&](ActorCore& a, Instant now, ActorEffects& o) { a.on_closed(c.code, c.reason, now, o); });
    });
    drop(actor);
    links_[actor] = std::move(link);
    socket.connect();
  }

  void refused(std::size_t actor, Refusal why) {
    drop(actor);
    asio::post(io_, [self = shared_from_this(), actor, why = std::move(why)] {
      self->feed(actor, [&](ActorCore& a, Instant now, ActorEffects& o) { a.on_refused(why, now, o); });
    });
  }

  /// Not inside a callback of its own.
  void drop(std::size_t actor) {
    const auto it = links_.find(actor);
    if (it == links_.end()) return;
    asio::post(io_, [gone = std::shared_ptr<Link>(std::move(it->second))] {});
    links_.erase(it);
  }

  Link::Joined* joined(std::size_t actor, std::uint32_t channel) {
    const auto link = links_.find(actor);
    if (link == links_.end()) return nullptr;
    const auto it = link->second->channels.find(channel);
    return it == link->second->channels.end() ? nullptr : &it->second;
  }

  void reply(std::size_t actor, std::uint64_t id, const client::Reply& r) {
    feed(actor, [&](ActorCore& a, Instant now, ActorEffects& o) { a.on_reply(id, r.status, to_text(r.response), now, o); });
  }

  auto replies_to(std::size_t actor, std::uint64_t id) {
    return [self = shared_from_this(), actor, id](boost::system::error_code error, const client::Reply& r) {
      if (!error) self->reply(actor, id, r);  // otherwise told by on_closed, or by the step's own limit
    };
  }

  void act(std::size_t actor, const SendJoin& join) {
    const auto link = links_.find(actor);
    if (link == links_.end()) return;
    client::Channel channel = link->second->socket->channel(join.topic, to_payload(join.payload));
    auto messages = channel.on_message([this, actor, handle = join.channel](const client::Message& m) {
      if (m.event == "phx_reply") return;
      feed(actor, [&](ActorCore& a, Instant now, ActorEffects& o) { a.on_message(handle, m.event, to_text(m.payload), now, o); });
    });
    const auto it = link->second->channels.insert_or_assign(join.channel, Link::Joined{std::move(channel), std::move(messages)}).first;
    it->second.channel.async_join(replies_to(actor, join.id));
  }

  void act(std::size_t actor, const SendPush& push) {
    Link::Joined* to = joined(actor, push.channel);
    if (to == nullptr) return;
    to->channel.async_push(push.event, to_payload(push.payload), replies_to(actor, push.id));
  }

  void act(std::size_t actor, const SendLeave& leave) {
    if (Link::Joined* from = joined(actor, leave.channel)) from->channel.async_leave(replies_to(actor, leave.id));
  }

  void act(std::size_t actor, const CloseConnection&) {
    const auto link = links_.find(actor);
    if (link == links_.end()) return;
    link->second->closed.reset();
    link->second->socket->disconnect();
    drop(actor);
  }

  void act(std::size_t actor, const SendHttp& send) {
    net::HttpRequest request{
        .method = send.method, .url = send.url, .headers = {}, .body = send.body, .timeout = never, .connect_timeout = never};
    for (const auto& [name, value] : send.headers) request.headers.emplace_back(name, value);
    try {
      http_->start(std::move(request),
                   [self = shared_from_this(), actor, id = send.id](tl::expected<net::HttpAnswer, net::TransportError> answer) {
                     self->feed(actor, [&](ActorCore& a, Instant now, ActorEffects& o) {
                       if (answer)
                         a.on_http(id, answer->status, answer->body, now, o);
                       else
                         a.on_http_failed(id, answer.error().detail, now, o);
                     });
                   });
    } catch (const std::invalid_argument& e) {
      feed(actor, [&](ActorCore& a, Instant now, ActorEffects& o) { a.on_http_failed(send.id, e.what(), now, o); });
    }
  }

  // These stay inside the core.
  void act(std::size_t, const ReachSync&) {}
  void act(std::size_t, const ActorFinished&) {}
  void act(std::size_t, const ActorFailed&) {}

  asio::io_context& io_;
  std::shared_ptr<client::Runtime> runtime_;
  client::SocketOptions base_;
  ScenarioCore core_;
  std::shared_ptr<ScenarioCapture> capture_;
  asio::steady_timer timer_;
  std::function<void()> done_;
  std::optional<net::HttpClient> http_;
  std::map<std::size_t, std::unique_ptr<Link>> links_;
  ScenarioEffects effects_;
  bool performing_ = false, stopped_ = false;
};

ScenarioShell::ScenarioShell(asio::io_context& io, std::shared_ptr<client::Runtime> runtime, std::shared_ptr<const Scenario> scenario,
                             RunOptions options, client::SocketOptions base, std::shared_ptr<ScenarioCapture> capture,
                             std::function<void()> done)
    : impl_(std::make_shared<Impl>(io, std::move(runtime), std::move(scenario), std::move(options), std::move(base), std::move(capture),
                                   std::move(done))) {}
ScenarioShell::~ScenarioShell() { impl_->stop(); }
void ScenarioShell::start() { impl_->start(); }
const ScenarioCore& ScenarioShell::core() const noexcept { return impl_->core(); }

}  // namespace phx::cli
