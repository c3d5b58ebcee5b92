#include <phx/client/runtime.hpp>

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

namespace phx::client {

namespace asio = boost::asio;

namespace detail {

using WorkGuard = asio::executor_work_guard<asio::io_context::executor_type>;

/// One loop on one thread. The thread shares it, so that a runtime destroyed by its own callback leaves it a floor to stand on.
struct LoopThread {
  asio::io_context io{1};
  std::optional<WorkGuard> work{io.get_executor()};
  std::thread thread;

  static std::shared_ptr<LoopThread> start() {
    auto loop = std::make_shared<LoopThread>();
    loop->thread = std::thread([loop] {
      pthread_setname_np(pthread_self(), "phxkit-io");
      loop->io.run();
    });
    return loop;
  }

  void finish() {
    work.reset();
    if (thread.get_id() == std::this_thread::get_id()) return thread.detach();
    thread.join();
  }
};

/// Callbacks that wait for poll() or for their thread.
struct TaskQueue {
  void push(std::function<void()> task) {
    {
      const std::scoped_lock lock(mutex);
      if (closed) return;
      tasks.push_back(std::move(task));
    }
    filled.notify_one();
  }
  /// Nobody will poll again: what waits is dropped, and with it whom it keeps alive.
  void close() {
    std::deque<std::function<void()>> dropped;  // destroyed without the lock
    const std::scoped_lock lock(mutex);
    closed = true;
    dropped.swap(tasks);
  }
  std::function<void()> pop() {
    const std::scoped_lock lock(mutex);
    if (tasks.empty()) return {};
    auto task = std::move(tasks.front());
    tasks.pop_front();
    return task;
  }
  /// Runs what comes until finish(), and what is left then.
  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      filled.wait(lock, [this] { return finished || !tasks.empty(); });
      if (tasks.empty()) return;
      auto task = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      task();
      task = {};
      lock.lock();
    }
  }
  void finish() {
    {
      const std::scoped_lock lock(mutex);
      finished = true;
    }
    filled.notify_one();
  }

  std::mutex mutex;  // guards the other members
  std::condition_variable filled;
  std::deque<std::function<void()>> tasks;
  bool finished = false;
  bool closed = false;
};

/// A thread for callbacks, asleep on a condition variable. It shares the queue, as above.
struct CallbackThread {
  std::shared_ptr<TaskQueue> queue = std::make_shared<TaskQueue>();
  std::thread thread{[queue = queue] {
    pthread_setname_np(pthread_self(), "phxkit-callback");
    queue->run();
  }};

  void finish() {
    queue->finish();
    if (thread.get_id() == std::this_thread::get_id()) return thread.detach();
    thread.join();
  }
};

struct RuntimeState {
  std::shared_ptr<LoopThread> io_thread;  // with its thread; null for a foreign io_context
  std::optional<CallbackThread> callback_thread;
  asio::io_context* io = nullptr;
  Executor callbacks;
  std::shared_ptr<TaskQueue> polled;  // with sockets that outlive the runtime
};

}  // namespace detail

Runtime::Runtime(std::shared_ptr<detail::RuntimeState> state) : state_(std::move(state)) {}

std::shared_ptr<Runtime> Runtime::create() {
  auto state = std::make_shared<detail::RuntimeState>();
  state->io_thread = detail::LoopThread::start();
  state->io = &state->io_thread->io;
  state->callbacks = [queue = state->callback_thread.emplace().queue](std::function<void()> task) { queue->push(std::move(task)); };
  return std::shared_ptr<Runtime>(new Runtime(std::move(state)));
}

std::shared_ptr<Runtime> Runtime::on(asio::io_context& io) {
  auto state = std::make_shared<detail::RuntimeState>();
  state->io = &io;
  state->callbacks = [strand = asio::make_strand(io)](std::function<void()> task) { asio::post(strand, std::move(task)); };
  return std::shared_ptr<Runtime>(new Runtime(std::move(state)));
}

std::shared_ptr<Runtime> Runtime::single_thread() {
  auto state = std::make_shared<detail::RuntimeState>();
  state->io_thread = detail::LoopThread::start();
  state->io = &state->io_thread->io;
  state->callbacks = [loop = state->io_thread](std::function<void()> task) { asio::post(loop->io, std::move(task)); };
  return std::shared_ptr<Runtime>(new Runtime(std::move(state)));
}

std::shared_ptr<Runtime> Runtime::polled() {
  auto state = std::make_shared<detail::RuntimeState>();
  state->io_thread = detail::LoopThread::start();
  state->io = &state->io_thread->io;
  state->polled = std::make_shared<detail::TaskQueue>();
  state->callbacks = [queue = state->polled](std::function<void()> task) { queue->push(std::move(task)); };
  return std::shared_ptr<Runtime>(new Runtime(std::move(state)));
}

std::size_t Runtime::poll(std::size_t max) {
  std::size_t ran = 0;
  for (; state_->polled && ran < max; ++ran) {
    const auto task = state_->polled->pop();
    if (!task) break;
    task();
  }
  return ran;
}

bool Runtime::wait_for(Duration timeout) {
  if (!state_->polled) return false;
  std::unique_lock lock(state_->polled->mutex);
  return state_->polled->filled.wait_for(lock, timeout, [this] { return !state_->polled->tasks.empty(); });
}

int Runtime::callbacks_per_turn() const noexcept { return state_->polled ? 1 : usual_callbacks_per_turn; }

Runtime::~Runtime() {
  if (state_->io_thread) state_->io_thread->finish();
  if (state_->callback_thread) state_->callback_thread->finish();
  if (state_->polled) state_->polled->close();
}

asio::io_context& Runtime::io() noexcept { return *state_->io; }

const Executor& Runtime::callbacks() const noexcept { return state_->callbacks; }

}  // namespace phx::client
