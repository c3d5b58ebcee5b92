#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include <phx/cli/exit_code.hpp>
#include <phx/core/time.hpp>

namespace phx::cli {

/// One thread for a whole command: the SDK's callbacks run here, Ctrl-C and the time limit end it. Make it before anything that
/// starts threads, so that they leave the signals to it.
class MainLoop {
 public:
  MainLoop();
  ~MainLoop();
  MainLoop(const MainLoop&) = delete;
  MainLoop& operator=(const MainLoop&) = delete;

  /// Any thread: runs later, in order.
  void post(std::function<void()> task);
  /// From a task: run() returns this.
  void finish(ExitCode code) noexcept { result_ = code; }

  /// Runs tasks until one calls finish(), a signal came (interrupted), or the deadline (timed_out). What a task throws leaves here.
  ExitCode run(std::optional<Instant> deadline = {});

 private:
  std::function<void()> next(std::optional<Instant> deadline);

  std::mutex mutex_;  // tasks_, interrupted_
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool interrupted_ = false;
  std::optional<ExitCode> result_;  // loop thread only
  std::thread signals_;
};

}  // namespace phx::cli
