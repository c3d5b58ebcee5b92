#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <phx/client/payload.hpp>
#include <phx/core/client/effects.hpp>
#include <phx/core/ws/handshake.hpp>

namespace phx::client {

using core::ws::HeaderList;

/// A value, or a function that is asked anew each time: params and tokens that change. Functions run on the callback executor.
template <class T>
class Provider {
 public:
  Provider() = default;
  template <class U>
    requires(std::convertible_to<U, T> && !std::is_invocable_v<std::decay_t<U>&> && !std::same_as<std::remove_cvref_t<U>, Provider>)
  Provider(U&& value) : value_(std::forward<U>(value)) {}
  template <class F>
    requires(std::is_invocable_v<std::decay_t<F>&> && std::convertible_to<std::invoke_result_t<std::decay_t<F>&>, T>)
  Provider(F&& function) : function_(std::forward<F>(function)) {}

  bool dynamic() const noexcept { return static_cast<bool>(function_); }
  T get() const { return function_ ? function_() : value_; }

 private:
  T value_{};
  std::function<T()> function_;
};

struct CredentialRequest {
  core::OpenReason reason = core::OpenReason::connect;
  bool refresh = false;  ///< the last ones were refused: do not answer from a cache
};

/// What one connection attempt identifies itself with.
struct Credentials {
  Payload params{};                         ///< a JSON object, becomes the query
  std::optional<std::string> auth_token{};  ///< travels as subprotocol, not in the URL
  HeaderList headers{};
};

/// Asked for every connection attempt. May take its time: a token endpoint, a keyring.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  using Done = std::function<void(Result<Credentials>)>;
  /// Called on the callback executor; `done` may be called from any thread, once. A failure counts as a failed attempt.
  /// One question at a time; one that is not answered within SocketOptions::credentials_timeout is given up, and its answer ignored.
  virtual void fetch(const CredentialRequest& request, Done done) = 0;
};

/// A source that is a function: `f(request)` gives Credentials or Result<Credentials>; `f(request, done)` answers later.
template <class F>
  requires std::invocable<F&, const CredentialRequest&, CredentialSource::Done> || std::invocable<F&, const CredentialRequest&>
std::shared_ptr<CredentialSource> credential_source(F function) {
  struct Source final : CredentialSource {
    explicit Source(F&& f) : ask(std::move(f)) {}
    void fetch(const CredentialRequest& request, Done done) override {
      if constexpr (std::is_invocable_v<F&, const CredentialRequest&, Done>) {
        ask(request, std::move(done));
      } else {
        done(ask(request));
      }
    }
    F ask;
  };
  return std::make_shared<Source>(std::move(function));
}

}  // namespace phx::client
