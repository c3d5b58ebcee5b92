#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <phx/core/time.hpp>

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
  /// One thread, "phxkit-io", for sockets and callbacks: the cheapest. A callback must not block: its connection, and those of all sockets
  /// of the runtime, stand still meanwhile (heartbeats too), and a future of such a socket never becomes ready inside a callback.
  static std::shared_ptr<Runtime> single_thread();
  /// A thread for sockets; callbacks wait until poll() runs them on its caller's thread: for game loops and other loops of the user's
  /// own. What waits is bounded by what the servers send between two polls.
  static std::shared_ptr<Runtime> polled();

  /// Runs at most `max` callbacks that wait (of Runtime::polled), and returns how many. Callbacks that come meanwhile count too, so give a
  /// limit where a frame must end. Call it from one thread at a time. Other runtimes: 0.
  std::size_t poll(std::size_t max = static_cast<std::size_t>(-1));
  /// Waits until a callback can be polled, or for that long. True when there is one.
  bool wait_for(Duration timeout);

  /// Waits for the threads, except for the one it is called from.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  boost::asio::io_context& io() noexcept;
  /// Where callbacks go by default.
  const Executor& callbacks() const noexcept;
  static constexpr int usual_callbacks_per_turn = 64;
  /// How many callbacks of one socket run before other sockets get their turn.
  int callbacks_per_turn() const noexcept;

 private:
  explicit Runtime(std::shared_ptr<detail::RuntimeState> state);
  std::shared_ptr<detail::RuntimeState> state_;  // with its threads
};

}  // namespace phx::client
