#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <phx/core/time.hpp>

/// What handlers of a Host (a channel's Socket, a controller's Conn) may co_await. The Host knows how to run work on the pool and how to
/// wake up on its own shard.
namespace phx::server::detail {

template <class Host>
class [[nodiscard]] Sleep {
 public:
  Sleep(Host& host, Duration time) noexcept : host_(host), time_(time) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller) { host_.resume_after(time_, caller); }
  void await_resume() const noexcept {}

 private:
  Host& host_;
  Duration time_;
};

template <class Host, class F>
class [[nodiscard]] Blocking {
 public:
  using Value = std::invoke_result_t<F&>;
  Blocking(Host& host, F f) : host_(host), f_(std::move(f)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    host_.run_blocking([this] { run(); }, caller);
  }
  Value await_resume() {
    if (error_) std::rethrow_exception(error_);
    if constexpr (!std::is_void_v<Value>) return std::move(*value_);
  }

 private:
  void run() noexcept {
    try {
      if constexpr (std::is_void_v<Value>)
        f_();
      else
        value_.emplace(f_());
    } catch (...) { error_ = std::current_exception(); }
  }
  Host& host_;
  F f_;
  std::exception_ptr error_;
  std::optional<std::conditional_t<std::is_void_v<Value>, bool, Value>> value_;
};

}  // namespace phx::server::detail
