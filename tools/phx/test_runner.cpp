#include "test_runner.hpp"

#include <phx/core/json.hpp>

#include <chrono>
#include <csignal>
#include <exception>

namespace phx::cli {

using namespace scenario;
using Clock = std::chrono::steady_clock;

TestRunner::TestRunner() : runtime_(client::Runtime::on(io_)), signals_(io_, SIGINT, SIGTERM) { listen(); }

void TestRunner::listen() {
  signals_.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    interrupted_ = true;
    io_.stop();
  });
}

bool TestRunner::run(const Scenarios& scenarios, const RunnerOptions& options, const OnReport& on_report, TestReport& result) {
  Batch batch{scenarios, options, on_report, result};
  batch_ = &batch;
  const Instant began = Clock::now();
  result.seed = options.seed;
  result.scenarios.assign(scenarios.size(), {});
  fill();
  io_.restart();
  while (!interrupted_ && batch.done < scenarios.size() && io_.run_one() > 0) {}
  running_.clear();
  batch_ = nullptr;
  result.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return !interrupted_;
}

void TestRunner::fill() {
  while (running_.size() < batch_->options.jobs && batch_->next < batch_->scenarios.size()) start(batch_->next++, 1);
}

void TestRunner::start(std::size_t index, std::uint32_t attempt) {
  const auto at = running_.insert(running_.end(), Running{index, attempt, std::make_shared<ScenarioCapture>(taps_), nullptr});
  client::SocketOptions base = batch_->options.base;
  base.on_callback_error = [](std::exception_ptr error) { std::rethrow_exception(error); };
  const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  RunOptions options{.url = batch_->options.url, .user = index, .seed = batch_->options.seed + index * 1'000'003, .unix_ms = wall};
  at->shell = std::make_unique<ScenarioShell>(io_, runtime_, batch_->scenarios[index], std::move(options), std::move(base), at->capture,
                                              [this, at] { ended(at); });
  at->shell->start();
}

void TestRunner::ended(std::list<Running>::iterator at) {
  const std::size_t index = at->index;
  const std::uint32_t attempt = at->attempt;
  ScenarioReport report = ScenarioReport::of(at->shell->core(), attempt);
  const auto capture = std::move(at->capture);
  running_.erase(at);
  if (report.failure) {
    const std::string text = capture->finish(report.failure->place.text() + ": " + report.failure->message, Clock::now());
    if (!text.empty()) report.capture = write_scenario_capture(batch_->options.capture_folder, report.file, text);
  }
  if (report.failure && attempt <= batch_->options.retries) return start(index, attempt + 1);
  batch_->on_report(report);
  batch_->result.scenarios[index] = std::move(report);
  ++batch_->done;
  fill();
}

bool TestRunner::wait_until(const std::function<bool()>& changed) {
  io_.restart();
  boost::asio::steady_timer timer(io_);
  while (!interrupted_ && !changed()) {
    timer.expires_after(std::chrono::milliseconds(300));
    bool due = false;
    timer.async_wait([&](boost::system::error_code error) { due = !error; });
    while (!due && !interrupted_ && io_.run_one() > 0) {}
  }
  timer.cancel();
  return !interrupted_;
}

}  // namespace phx::cli
