#include <phx/client/runtime.hpp>

#include <pthread.h>

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

  static std::shared_ptr<LoopThread> start(const char* name) {
    auto loop = std::make_shared<LoopThread>();
    loop->thread = std::thread([loop, name] {
      pthread_setname_np(pthread_self(), name);
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

struct RuntimeState {
  std::shared_ptr<LoopThread> io_thread, callback_thread;  // with their threads; null for a foreign io_context
  asio::io_context* io = nullptr;
  Executor callbacks;
};

}  // namespace detail

Runtime::Runtime(std::shared_ptr<detail::RuntimeState> state) : state_(std::move(state)) {}

std::shared_ptr<Runtime> Runtime::create() {
  auto state = std::make_shared<detail::RuntimeState>();
  state->io_thread = detail::LoopThread::start("phxkit-io");
  state->callback_thread = detail::LoopThread::start("phxkit-callback");
  state->io = &state->io_thread->io;
  state->callbacks = [loop = state->callback_thread](std::function<void()> task) { asio::post(loop->io, std::move(task)); };
  return std::shared_ptr<Runtime>(new Runtime(std::move(state)));
}

std::shared_ptr<Runtime> Runtime::on(asio::io_context& io) {
  auto state = std::make_shared<detail::RuntimeState>();
  state->io = &io;
  state->callbacks = [strand = asio::make_strand(io)](std::function<void()> task) { asio::post(strand, std::move(task)); };
  return std::shared_ptr<Runtime>(new Runtime(std::move(state)));
}

Runtime::~Runtime() {
  if (state_->io_thread) state_->io_thread->finish();
  if (state_->callback_thread) state_->callback_thread->finish();
}

asio::io_context& Runtime::io() noexcept { return *state_->io; }

const Executor& Runtime::callbacks() const noexcept { return state_->callbacks; }

}  // namespace phx::client
