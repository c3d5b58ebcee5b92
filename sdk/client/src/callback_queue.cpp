#include "callback_queue.hpp"

#include <cstdio>
#include <iterator>
#include <utility>

#include <phx/core/error.hpp>

namespace phx::client::detail {

namespace {

void print_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) { std::fprintf(stderr, "phxkit: a user callback threw: %s\n", e.what()); } catch (...) {
    std::fputs("phxkit: a user callback threw something that is no std::exception\n", stderr);
  }
}

}  // namespace

CallbackQueue::CallbackQueue(Executor executor, int tasks_per_turn, std::function<void(std::exception_ptr)> on_error)
    : executor_(std::move(executor)), tasks_per_turn_(tasks_per_turn), on_error_(std::move(on_error)) {}

void CallbackQueue::enqueue(Task task) {
  {
    const std::scoped_lock lock(mutex);
    if (stopped_) return;
    tasks_.push_back(std::move(task));
    if (held_ || std::exchange(scheduled_, true)) return;
  }
  schedule();
}

void CallbackQueue::hold() {
  const std::scoped_lock lock(mutex);
  held_ = true;
}

void CallbackQueue::release() {
  {
    const std::scoped_lock lock(mutex);
    held_ = false;
    if (tasks_.empty() || std::exchange(scheduled_, true)) return;
  }
  schedule();
}

void CallbackQueue::schedule() {
  executor_([self = shared_from_this()] { self->run_tasks(); });
}

void CallbackQueue::stop() {
  std::deque<Task> dropped;  // destroyed without the lock: they own user code
  std::unique_lock lock(mutex);
  stopped_ = true;
  dropped.swap(tasks_);
  if (!inside()) idle_.wait(lock, [this] { return runner_ == std::thread::id(); });
  lock.unlock();
  end_waiters(nullptr, Errc::cancelled);
}

void CallbackQueue::add_waiter(const Slot* owner, std::weak_ptr<Waiter> waiter) {
  const std::scoped_lock lock(mutex);
  std::erase_if(waiters_, [](const auto& w) { return w.second.expired(); });
  waiters_.emplace_back(owner, std::move(waiter));
}

void CallbackQueue::end_waiters(const Slot* owner, std::error_code why) {
  std::vector<std::shared_ptr<Waiter>> ended;
  {
    const std::scoped_lock lock(mutex);
    for (const auto& [of, waiter] : waiters_)
      if (!owner || of == owner) ended.push_back(waiter.lock());
    std::erase_if(waiters_, [&](const auto& w) { return !owner || w.first == owner; });
  }
  for (const auto& waiter : ended)
    if (waiter) waiter->end(why);
}

std::size_t CallbackQueue::depth() {
  const std::scoped_lock lock(mutex);
  return tasks_.size() + left_;
}

void CallbackQueue::retire(Slot& slot) {
  {
    std::unique_lock lock(mutex);
    slot.active = false;
    const auto at_rest = [&] { return std::ranges::none_of(running_, [&](const Slot* s) { return s == &slot || s->parent == &slot; }); };
    if (inside() && !at_rest()) return;  // it is running below us: whoever called it lets go of it
    idle_.wait(lock, at_rest);
  }
  slot.release();
}

bool CallbackQueue::begin(const Slot& slot) {
  const std::scoped_lock lock(mutex);
  if (stopped_ || !slot.active || (slot.parent && !slot.parent->active)) return false;
  running_.push_back(&slot);
  return true;
}

void CallbackQueue::end() {
  {
    const std::scoped_lock lock(mutex);
    running_.pop_back();
  }
  idle_.notify_all();
}

/// False when there is nothing more to run: the next task schedules anew.
bool CallbackQueue::take_batch() {
  const std::scoped_lock lock(mutex);
  if (tasks_.empty()) return scheduled_ = false;
  const auto count = std::min(tasks_.size(), static_cast<std::size_t>(tasks_per_turn_));
  const auto end = tasks_.begin() + static_cast<std::ptrdiff_t>(count);
  batch_.assign(std::move_iterator(tasks_.begin()), std::move_iterator(end));
  tasks_.erase(tasks_.begin(), end);
  left_ = count;
  runner_ = std::this_thread::get_id();
  return true;
}

void CallbackQueue::run_tasks() {
  if (!take_batch()) return;
  for (auto& task : batch_) {
    --left_;
    if (!stopped_) task();
    task = {};
  }
  batch_.clear();
  bool more = false;
  {
    const std::scoped_lock lock(mutex);
    runner_ = {};
    more = scheduled_ = !tasks_.empty();
  }
  idle_.notify_all();
  if (more) schedule();
}

void CallbackQueue::report(std::exception_ptr error) {
  if (!on_error_) return print_error(error);
  try {
    on_error_(error);
  } catch (...) { print_error(std::current_exception()); }
}

}  // namespace phx::client::detail
