#include "main_loop.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>

namespace phx::cli {
namespace {

int descriptor(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

/// Milliseconds for poll(), rounded up: a deadline is not met early.
int milliseconds_until(std::optional<Instant> deadline) {
  using std::chrono::milliseconds;
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<milliseconds>(*deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp(left, milliseconds(0), milliseconds(std::chrono::hours(1))).count());
}

}  // namespace

MainLoop::MainLoop() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGWINCH, SIGTSTP, SIGCONT}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = descriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), "signalfd");
  posted_ = descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
}

MainLoop::~MainLoop() {
  ::close(signals_);
  ::close(posted_);
}

void MainLoop::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  if (tasks_.size() > 1) return;  // woken already
  const std::uint64_t one = 1;
  if (::write(posted_, &one, sizeof one) < 0 && errno != EAGAIN) throw std::system_error(errno, std::generic_category(), "eventfd");
}

/// Moves what was posted into ready_.
void MainLoop::take_tasks() {
  const std::lock_guard lock(mutex_);
  std::uint64_t posts = 0;
  if (!tasks_.empty() && ::read(posted_, &posts, sizeof posts) < 0 && errno != EAGAIN)
    throw std::system_error(errno, std::generic_category(), "eventfd");
  ready_.swap(tasks_);
}

void MainLoop::take_signals() {
  signalfd_siginfo came{};
  while (::read(signals_, &came, sizeof came) == sizeof came) {
    const int signal = static_cast<int>(came.ssi_signo);
    if (signal == SIGINT || signal == SIGTERM) {
      interrupted_by_ = signal;
      result_ = ExitCode::interrupted;
    } else {
      handle(signal);
      if (signal == SIGTSTP) stop();
    }
  }
}

void MainLoop::handle(int signal) {
  if (const auto handler = handlers_.find(signal); handler != handlers_.end()) handler->second();
}

/// Stops the program as if it had not blocked SIGTSTP, and returns when it goes on: at once where there is no shell that could continue it.
void MainLoop::stop() {
  sigset_t terminal_stop, go_on;
  sigemptyset(&terminal_stop);
  sigaddset(&terminal_stop, SIGTSTP);
  sigemptyset(&go_on);
  sigaddset(&go_on, SIGCONT);
  ::raise(SIGTSTP);
  pthread_sigmask(SIG_UNBLOCK, &terminal_stop, nullptr);  // here it sleeps
  pthread_sigmask(SIG_BLOCK, &terminal_stop, nullptr);
  const timespec at_once{};
  ::sigtimedwait(&go_on, nullptr, &at_once);  // taken here, so that it is handled once
  handle(SIGCONT);
}

/// Sleeps until a task, a signal, the file or the deadline; true: the file can be read.
bool MainLoop::wait(std::optional<Instant> deadline, int file) {
  std::array<pollfd, 3> awaited{{{signals_, POLLIN, 0}, {posted_, POLLIN, 0}, {file, POLLIN, 0}}};  // poll skips negative ones
  const int count = ::poll(awaited.data(), awaited.size(), milliseconds_until(deadline));
  if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
  return count > 0 && awaited[2].revents != 0;
}

std::optional<ExitCode> MainLoop::loop(std::optional<Instant> deadline, int file) {
  result_.reset();
  bool readable = false, late = false;
  while (!result_) {
    if (!ready_.empty()) {
      const auto task = std::move(ready_.front());
      ready_.pop_front();
      task();
      continue;
    }
    if (readable) return std::nullopt;
    if (late) return ExitCode::timed_out;  // what was posted before has run
    readable = wait(deadline, file);
    late = deadline && std::chrono::steady_clock::now() >= *deadline;
    take_signals();
    take_tasks();
  }
  return result_;
}

}  // namespace phx::cli
