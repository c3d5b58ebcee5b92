#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

namespace phx::server::detail {

/// What a callback gives back: a value at once, or a coroutine that has begun and gives the value later. Both have one
/// signature, so a handler may become a coroutine without its callers noticing. Value's first alternative is
/// std::monostate: no legal result.
template <class Value>
class [[nodiscard]] CallResult {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  CallResult() = default;
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, CallResult> && std::constructible_from<Value, T>)
  CallResult(T&& value) : value_(std::forward<T>(value)) {}  // NOLINT: `return NoReply{};`
  CallResult(CallResult&& other) noexcept : value_(std::move(other.value_)), coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  CallResult& operator=(CallResult&& other) noexcept {
    std::swap(value_, other.value_);
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }
  ~CallResult() {
    if (coroutine_) coroutine_.destroy();
  }

  bool ready() const noexcept { return !coroutine_ || coroutine_.done(); }
  /// Not ready: `done(context)` is called once, from inside the coroutine's last step; it must not destroy this object.
  void on_ready(void (*done)(void*), void* context) {
    coroutine_.promise().done = done;
    coroutine_.promise().context = context;
  }
  /// Ready: the value. Throws what the coroutine threw.
  Value take() {
    if (!coroutine_) return std::move(value_);
    if (coroutine_.promise().error) std::rethrow_exception(coroutine_.promise().error);
    return std::move(coroutine_.promise().value);
  }

 private:
  explicit CallResult(Handle coroutine) : coroutine_(coroutine) {}
  Value value_;
  Handle coroutine_;
};

template <class Value>
struct CallResult<Value>::promise_type {
  Value value;
  std::exception_ptr error;
  void (*done)(void*) = nullptr;
  void* context = nullptr;

  struct Finish {
    bool await_ready() const noexcept { return false; }
    void await_suspend(Handle self) const noexcept {
      if (self.promise().done) self.promise().done(self.promise().context);
    }
    void await_resume() const noexcept {}
  };

  CallResult get_return_object() { return CallResult(Handle::from_promise(*this)); }
  std::suspend_never initial_suspend() const noexcept { return {}; }
  Finish final_suspend() const noexcept { return {}; }
  template <class T>
  void return_value(T&& result) {
    value = std::forward<T>(result);
  }
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

}  // namespace phx::server::detail
