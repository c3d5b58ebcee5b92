#pragma once

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace phx::client {

/// Runs tasks in the order given, one at a time, never from inside the call: a user interface's loop, a game's queue.
using Executor = std::function<void(std::function<void()>)>;

namespace detail {
struct RuntimeState;
}

/// The threads of any number of sockets. A socket without one makes its own.
class Runtime {
 public:
  /// Two threads: "phxkit-io" for sockets and timers, "phxkit-callback" for user callbacks.
  static std::shared_ptr<Runtime> create();
  /// No thread: everything runs where `io` runs, callbacks too, unless a socket has a callback executor. `io` must outlive the
  /// runtime and its sockets.
  static std::shared_ptr<Runtime> on(boost::asio::io_context& io);

  /// Waits for the threads, except for the one it is called from.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  boost::asio::io_context& io() noexcept;
  /// Where callbacks go by default.
  const Executor& callbacks() const noexcept;

 private:
  explicit Runtime(std::shared_ptr<detail::RuntimeState> state);
  std::shared_ptr<detail::RuntimeState> state_;  // with its threads
};

}  // namespace phx::client
