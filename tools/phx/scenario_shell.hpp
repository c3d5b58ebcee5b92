#pragma once

#include <functional>
#include <memory>

#include <phx/client/options.hpp>
#include <phx/core/tls.hpp>
#include <phx/scenario/scenario_core.hpp>

namespace boost::asio {
class io_context;
}

namespace phx::cli {

class ScenarioCapture;

/// One run of a scenario over real connections, all on one io_context and its thread.
///
/// A connection is made once and a topic joined once: a lost connection, a refused join or a crashed channel is for the scenario to judge, so
/// the SDK's reconnects and rejoins are put off for ever and a closed socket is dropped at once.
class ScenarioShell {
 public:
  /// base: what the command line says about connections; the steps add to it. capture: gets what passes over them. `done` is called once,
  /// from the loop; it may destroy the shell.
  ScenarioShell(boost::asio::io_context& io, std::shared_ptr<client::Runtime> runtime, std::shared_ptr<const scenario::Scenario> scenario,
                scenario::RunOptions options, client::SocketOptions base, std::shared_ptr<ScenarioCapture> capture,
                std::function<void()> done);
  ~ScenarioShell();
  ScenarioShell(const ScenarioShell&) = delete;
  ScenarioShell& operator=(const ScenarioShell&) = delete;

  void start();
  const scenario::ScenarioCore& core() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // with handlers in flight
};

}  // namespace phx::cli
