#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <phx/client/detail/move_function.hpp>
#include <phx/client/runtime.hpp>

namespace phx::client::detail {

/// Somebody who may be called: a handler, the hooks of an operation, a channel as the parent of its handlers.
/// Both members are guarded by CallbackQueue::mutex.
struct Slot {
  explicit Slot(const Slot* owner = nullptr) noexcept : parent(owner) {}
  virtual ~Slot() = default;
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  /// Lets go of user code. Called without a lock, when it is not running.
  virtual void release() noexcept {}

  const Slot* parent;  ///< retired with it; outlives every call
  bool active = true;
};

/// Somebody outside of the queue who waits for a callback of it, and must be told when none will come.
class Waiter {
 public:
  virtual ~Waiter() = default;
  virtual void end(std::error_code why) = 0;
};

/// The user callbacks of one socket: one at a time, in order, on an executor. Also the lock of everything that is looked up
/// when a callback is about to run (handler tables, hooks), so that a handler registered inside a callback sees all later messages.
class CallbackQueue : public std::enable_shared_from_this<CallbackQueue> {
 public:
  using Task = MoveFunction<void()>;

  /// tasks_per_turn: then other sockets of the executor get their turn.
  CallbackQueue(Executor executor, int tasks_per_turn, std::function<void(std::exception_ptr)> on_error);

  /// Dropped after stop().
  void enqueue(Task task);
  /// Between the two tasks only gather: one wake-up for all that a turn of the I/O brings. Of one thread at a time.
  void hold();
  void release();
  /// No task starts any more; returns when none is running, or at once from inside one.
  void stop();
  /// `waiter` ends with the owner (end_waiters) or with the queue.
  void add_waiter(const Slot* owner, std::weak_ptr<Waiter> waiter);
  /// Those of the owner, all without one. Not under the lock.
  void end_waiters(const Slot* owner, std::error_code why);
  /// Callbacks that wait for their turn.
  std::size_t depth();
  /// The slot's user code is not running and never runs again when this returns; from inside a task it may be running below.
  void retire(Slot& slot);
  /// Calls user code of a slot, unless it is retired. From inside a task. Exceptions are reported.
  template <class F>
  void call(const Slot& slot, F&& user_code) {
    if (!begin(slot)) return;
    guarded(user_code);
    end();
  }
  /// Runs user code that has no slot; false when it threw. From inside a task.
  template <class F>
  bool guarded(F&& user_code) {
    try {
      user_code();
      return true;
    } catch (...) {
      report(std::current_exception());
      return false;
    }
  }

  std::mutex mutex;  ///< guards tables, slots and operations of this socket, and what is below

 private:
  bool begin(const Slot& slot);
  void end();
  void run_tasks();
  void schedule();
  void report(std::exception_ptr error);
  bool take_batch();
  bool inside() const { return runner_ == std::this_thread::get_id(); }

  Executor executor_;
  const int tasks_per_turn_;
  std::function<void(std::exception_ptr)> on_error_;
  std::deque<Task> tasks_;
  std::vector<Task> batch_;            // taken from tasks_ by run_tasks(), which alone looks at it
  std::atomic<std::size_t> left_ = 0;  // of the batch; not guarded
  std::vector<const Slot*> running_;   // innermost last: a handler of ours may call handlers of the user
  std::thread::id runner_;             // while a batch runs
  std::condition_variable idle_;
  std::vector<std::pair<const Slot*, std::weak_ptr<Waiter>>> waiters_;
  bool scheduled_ = false;
  bool held_ = false;
  std::atomic<bool> stopped_ = false;  // read between two tasks without the lock
};

}  // namespace phx::client::detail
