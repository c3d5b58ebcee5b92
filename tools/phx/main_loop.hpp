#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

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
  /// SIGWINCH, SIGTSTP or SIGCONT: run() calls it. That of SIGTSTP runs before the program stops, that of SIGCONT when it goes on.
  void on_signal(int signal, std::function<void()> handler) { handlers_[signal] = std::move(handler); }

  /// Runs tasks until one calls finish(), SIGINT or SIGTERM came (interrupted), or the deadline (timed_out). What a task throws leaves here.
  ExitCode run(std::optional<Instant> deadline = {}) { return *loop(deadline, nothing); }
  /// The same without deadline, but ends with nullopt when the file can be read or is at its end, and no task waits.
  std::optional<ExitCode> run_until_readable(int file) { return loop({}, file); }
  /// SIGINT or SIGTERM: the one that interrupted last.
  int interrupted_by() const noexcept { return interrupted_by_; }

 private:
  static constexpr int nothing = -1;

  std::optional<ExitCode> loop(std::optional<Instant> deadline, int file);
  bool wait(std::optional<Instant> deadline, int file);
  void take_signals();
  void handle(int signal);
  void stop();
  void take_tasks();

  std::mutex mutex_;  // tasks_
  std::deque<std::function<void()>> tasks_;
  // Loop thread only:
  std::deque<std::function<void()>> ready_;
  std::map<int, std::function<void()>> handlers_;
  std::optional<ExitCode> result_;
  int interrupted_by_ = 0;
  int signals_, posted_;  ///< descriptors
};

}  // namespace phx::cli
