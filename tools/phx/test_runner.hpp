#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <list>
#include <memory>
#include <vector>

#include <phx/cli/exit_code.hpp>
#include <phx/client/runtime.hpp>
#include <phx/scenario/report.hpp>

#include "scenario_capture.hpp"
#include "scenario_shell.hpp"

namespace phx::cli {

struct RunnerOptions {
  std::string url = {};
  std::size_t jobs = 4;       ///< scenarios at a time
  std::uint32_t retries = 0;  ///< further attempts of a failed scenario
  std::uint64_t seed = 1;
  client::SocketOptions base = {};
  std::string capture_folder = {};  ///< where captures of failed scenarios go
};

/// Runs scenarios, some at a time, on one thread; Ctrl-C ends it. Each has its own `user` number, so that topics made with it are not shared.
class TestRunner {
 public:
  using Scenarios = std::vector<std::shared_ptr<const scenario::Scenario>>;
  using OnReport = std::function<void(const scenario::ScenarioReport&)>;

  TestRunner();
  /// Reports in the order of the ends; the result has them in the order given. Interrupted: false.
  bool run(const Scenarios& scenarios, const RunnerOptions& options, const OnReport& on_report, scenario::TestReport& result);
  /// Waits until `changed` says so, asked some times a second. Interrupted: false.
  bool wait_until(const std::function<bool()>& changed);

 private:
  struct Running {
    std::size_t index = 0;
    std::uint32_t attempt = 1;
    std::shared_ptr<ScenarioCapture> capture;
    std::unique_ptr<ScenarioShell> shell;
  };
  struct Batch {
    const Scenarios& scenarios;
    const RunnerOptions& options;
    const OnReport& on_report;
    scenario::TestReport& result;
    std::size_t next = 0, done = 0;
  };

  void fill();
  void start(std::size_t index, std::uint32_t attempt);
  void ended(std::list<Running>::iterator at);
  void listen();

  ScenarioCapture::Taps taps_;  // outlive all connections
  boost::asio::io_context io_{1};
  std::shared_ptr<client::Runtime> runtime_;
  boost::asio::signal_set signals_;
  bool interrupted_ = false;
  Batch* batch_ = nullptr;  // during run()
  std::list<Running> running_;
};

}  // namespace phx::cli
