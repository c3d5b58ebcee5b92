#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <phx/server/endpoint.hpp>
#include <phx/server/presence.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/router.hpp>
#include <phx/server/user_socket.hpp>
#include <phx/store/jobs.hpp>

#include "app/contexts/contexts.hpp"

namespace phx::app {

struct ApplicationOptions {
  store::RepoOptions repo{};
  std::string secret_key_base{};
  Passwords::Cost password_cost{};
  std::chrono::seconds session_max_age{86'400};
  std::vector<std::string> cors_origins{};               ///< of pages that may call the API from a browser; none: no foreign ones
  std::size_t logins_at_once = 10;                       ///< RouterOptions
  std::shared_ptr<server::Observer> observer{};          ///< of the socket
  std::function<void(std::string_view)> on_job_error{};  ///< what went wrong with the job queue's database
};

/// The whole application but its endpoint: contexts over one Repo, routes, sockets, the worker of background jobs. Outlives the endpoint.
///
///   Application app(options);
///   app.migrate();
///   endpoint_options = app.endpoint_options(std::move(endpoint_options));
///   Endpoint endpoint(...);  app.start(endpoint);  endpoint.start();  ...  app.drain();  endpoint.stop();  app.stop();
class Application {
 public:
  /// Opens no connection yet. Throws std::invalid_argument for options that can not work.
  explicit Application(ApplicationOptions options);
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  Repo& repo() noexcept;
  Contexts contexts() noexcept;
  const server::Router& router() const noexcept;
  std::shared_ptr<const server::UserSocket> user_socket() const noexcept;
  store::JobWorker& jobs() noexcept;

  /// Returns how many migrations it ran.
  std::size_t migrate();
  /// Adds sockets, plugs and the PubSub.
  server::EndpointOptions endpoint_options(server::EndpointOptions options);
  /// Loads who is logged out, begins to work on jobs. The database has to be migrated. `endpoint` gives the figures of the dashboard.
  void start(server::Endpoint& endpoint);
  /// From now on /ready says no.
  void drain() noexcept;
  /// No more jobs; after the endpoint has stopped.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phx::app
