#include "application.hpp"

#include <phx/core/json.hpp>
#include <phx/core/session_cookie.hpp>
#include <phx/server/plugs.hpp>

#include <future>

#include "app/channels/user_socket.hpp"
#include "app/contexts/migrations.hpp"
#include "app/web/router.hpp"

namespace phx::app {

using namespace server;

namespace {

constexpr const char* cookie_name = "_phx_server_key";
constexpr const char* cookie_salt = "phx-server session";

/// Session cookies want 64 bytes; a shorter secret, which tokens may have, is no weaker for being repeated.
std::shared_ptr<const core::KeyGenerator> cookie_keys(const std::string& secret) {
  std::string padded = secret;
  while (padded.size() < 64 && !secret.empty()) padded += secret;
  return std::make_shared<const core::KeyGenerator>(padded);
}

/// On a pool thread; the workers answer between two turns.
Json endpoint_health(Endpoint* endpoint) {
  if (!endpoint) return obj();
  const auto told = std::make_shared<std::promise<Json>>();
  auto figures = told->get_future();
  endpoint->gather([told](const EndpointStats& stats) {
    told->set_value(obj("status", "ok", "workers", stats.workers, "pool_queued", stats.pool_queued));
  });
  if (figures.wait_for(std::chrono::seconds(2)) != std::future_status::ready) return obj("status", "busy");
  return figures.get();
}

}  // namespace

struct Application::Impl {
  explicit Impl(ApplicationOptions given)
      : options(std::move(given)),
        session_keys(cookie_keys(options.secret_key_base)),
        presence(pubsub),
        repo(options.repo),
        credentials(std::make_shared<const core::KeyGenerator>(options.secret_key_base), options.session_max_age),
        accounts(repo, options.password_cost, credentials, pubsub),
        chat(repo, pubsub),
        games(repo),
        jobs(repo, {.name = "phx-server", .on_error = options.on_job_error}),
        notifications(repo, accounts, pubsub, [this] { jobs.wake(); }),
        organizations(repo),
        orders(repo, pubsub),
        monitoring(repo, accounts, orders, [this] { return endpoint_health(endpoint); }),
        contexts{accounts, chat, games, notifications, organizations, orders, monitoring, credentials, presence, pubsub},
        socket(std::make_shared<app::UserSocket>(contexts)),
        router(make_router(contexts, {[this] { return !draining; }, options.logins_at_once})) {
    jobs.handle(Notifications::job_kind, [this](Repo& own, const store::Job& job) { notifications.deliver(own, job); });
  }

  SocketMount mount() {
    TransportOptions common;
    common.connect_info.x_headers = true;
    common.connect_info.session =
        ConnectSession{cookie_name, std::make_shared<const core::SessionCookie>(*session_keys, core::SessionSecrets{cookie_salt})};
    WebSocketOptions websocket;
    static_cast<TransportOptions&>(websocket) = common;
    LongPollOptions longpoll;
    static_cast<TransportOptions&>(longpoll) = common;
    auto handler = std::make_shared<ChannelSocketHandler>(socket, pubsub, ChannelSocketHandler::Options{.observer = options.observer});
    return {.path = "/socket", .handler = std::move(handler), .websocket = websocket, .auth_token = true, .longpoll = longpoll};
  }

  PlugChain plugs() {
    server::plug::SessionOptions session;
    session.key = cookie_name;
    session.secrets.signing_salt = cookie_salt;
    session.cookie.same_site = "Lax";
    PlugChain out{server::plug::request_id(), server::plug::telemetry()};
    if (!options.cors_origins.empty()) out.push_back(server::plug::cors({.origins = options.cors_origins}));
    out.push_back(server::plug::parsers({.length = 1'000'000, .json_depth = 100}));
    out.push_back(server::plug::head());
    out.push_back(server::plug::session(session_keys, session));
    out.push_back(router.plug());
    return out;
  }

  ApplicationOptions options;
  std::atomic<bool> draining{false};
  Endpoint* endpoint = nullptr;
  std::shared_ptr<const core::KeyGenerator> session_keys;
  PubSub pubsub;
  Presence presence;
  Repo repo;
  Credentials credentials;
  Accounts accounts;
  Chat chat;
  Games games;
  store::JobWorker jobs;
  Notifications notifications;
  Organizations organizations;
  Orders orders;
  Monitoring monitoring;
  Contexts contexts;
  std::shared_ptr<const app::UserSocket> socket;
  Router router;
};

Application::Application(ApplicationOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Application::~Application() { impl_->jobs.stop(); }

Repo& Application::repo() noexcept { return impl_->repo; }
Contexts Application::contexts() noexcept { return impl_->contexts; }
const Router& Application::router() const noexcept { return impl_->router; }
std::shared_ptr<const server::UserSocket> Application::user_socket() const noexcept { return impl_->socket; }
store::JobWorker& Application::jobs() noexcept { return impl_->jobs; }

std::size_t Application::migrate() { return migrations().up(impl_->repo).size(); }

EndpointOptions Application::endpoint_options(EndpointOptions options) {
  options.sockets.push_back(impl_->mount());
  for (auto& plug : impl_->plugs()) options.plugs.push_back(std::move(plug));
  options.http.errors.formats = {ErrorFormat::json};  // whatever a client accepts, it meets no HTML here
  options.http.compress = true;                       // answers that hold a secret say no-transform
  options.keys = impl_->session_keys;
  options.pubsub = &impl_->pubsub;
  return options;
}

void Application::start(Endpoint& endpoint) {
  impl_->endpoint = &endpoint;
  impl_->accounts.load_revocations();
  impl_->jobs.start();
}

void Application::drain() noexcept { impl_->draining = true; }

void Application::stop() { impl_->jobs.stop(); }

}  // namespace phx::app
