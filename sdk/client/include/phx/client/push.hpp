#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <system_error>

#include <phx/client/detail/move_function.hpp>
#include <phx/client/payload.hpp>

namespace phx::client {

namespace detail {
class Operation;
}

/// A request on its way: a push, a join or a leave. A handle: copies mean the same request. Any thread.
/// An answer of any status is a Reply; no answer is an error code (push_timeout, join_timeout, channel_closed, queue_full,
/// cancelled, ...).
class Push {
 public:
  using Hook = std::function<void(const Reply&)>;
  using FailureHook = std::function<void(std::error_code)>;

  explicit Push(std::shared_ptr<detail::Operation> operation) noexcept : operation_(std::move(operation)) {}

  /// Runs the hook for answers with this status; if the answer is there already, soon. Status "timeout": none came in time.
  /// The hooks of a join run again after every rejoin.
  Push& receive(std::string status, Hook hook);
  /// No answer, for whatever reason.
  Push& on_failure(FailureHook hook);
  /// The first outcome. Does not need the callback executor: waiting for it inside a callback is fine.
  std::future<Result<Reply>> future() const;
  /// Nobody wants the answer: futures and coroutines end with `cancelled`, hooks no longer run once this has returned.
  void cancel();

 protected:
  /// Hears the first outcome where it becomes known, on any thread: must not block nor throw.
  void on_outcome(detail::MoveFunction<void(const Result<Reply>&)> watcher) const;

 private:
  std::shared_ptr<detail::Operation> operation_;  // with the socket until it is resolved
};

}  // namespace phx::client
