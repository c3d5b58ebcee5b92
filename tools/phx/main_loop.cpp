#include "main_loop.hpp"

#include <pthread.h>
#include <csignal>

namespace phx::cli {
namespace {

sigset_t waited_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&set, s);  // SIGUSR1: our own, ends the thread
  return set;
}

}  // namespace

MainLoop::MainLoop() {
  const sigset_t set = waited_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = std::thread([this, set] {
    int which = 0;
    if (sigwait(&set, &which) != 0 || which == SIGUSR1) return;
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    changed_.notify_all();
  });
}

MainLoop::~MainLoop() {
  pthread_kill(signals_.native_handle(), SIGUSR1);
  signals_.join();
}

void MainLoop::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.notify_all();
}

/// The next task; none when interrupted or too late.
std::function<void()> MainLoop::next(std::optional<Instant> deadline) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return interrupted_ || !tasks_.empty(); };
  if (deadline)
    changed_.wait_until(lock, *deadline, ready);
  else
    changed_.wait(lock, ready);
  if (interrupted_) {
    result_ = ExitCode::interrupted;
    return {};
  }
  if (tasks_.empty()) {
    result_ = ExitCode::timed_out;
    return {};
  }
  auto task = std::move(tasks_.front());
  tasks_.pop_front();
  return task;
}

ExitCode MainLoop::run(std::optional<Instant> deadline) {
  result_.reset();
  while (!result_)
    if (const auto task = next(deadline)) task();
  return *result_;
}

}  // namespace phx::cli
