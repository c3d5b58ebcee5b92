#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace phx::client::detail {

/// A callable that only moves: std::move_only_function for C++20.
template <class Signature>
class MoveFunction;

template <class R, class... Args>
class MoveFunction<R(Args...)> {
 public:
  MoveFunction() noexcept = default;
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, MoveFunction> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  MoveFunction(F&& f) : target_(std::make_unique<Target<std::decay_t<F>>>(std::forward<F>(f))) {}

  explicit operator bool() const noexcept { return target_ != nullptr; }
  R operator()(Args... args) { return target_->call(std::forward<Args>(args)...); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual R call(Args... args) = 0;
  };
  template <class F>
  struct Target final : Base {
    template <class G>
    explicit Target(G&& g) : f(std::forward<G>(g)) {}
    R call(Args... args) override { return f(std::forward<Args>(args)...); }
    F f;
  };
  std::unique_ptr<Base> target_;
};

}  // namespace phx::client::detail
