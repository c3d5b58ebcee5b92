#pragma once

/// Typed events and payloads; see <phx/client/event.hpp>. Includes the JSON parser.

#include <concepts>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <phx/client/channel.hpp>
#include <phx/client/event.hpp>
#include <phx/client/payload.hpp>
#include <phx/client/push.hpp>
#include <phx/core/json.hpp>

namespace phx::client {

/// The payload that a value travels as. Throws what to_json throws, and std::invalid_argument for a value with no JSON form.
template <class T>
Payload to_payload(const T& value) {
  if constexpr (std::same_as<T, RawJson> || std::same_as<T, Bytes> || std::same_as<T, Payload>) {
    return Payload(value);
  } else {
    return Payload(Json(value));
  }
}

/// Throws std::runtime_error naming what does not fit.
template <class T>
T from_payload(const Payload& payload) {
  if constexpr (std::same_as<T, Payload>) {
    return payload;
  } else if constexpr (std::same_as<T, Bytes>) {
    if (!payload.is_binary()) throw std::runtime_error("JSON where bytes were expected");
    return Bytes{payload.text()};
  } else {
    if (payload.is_binary()) throw std::runtime_error("bytes where JSON was expected");
    if constexpr (std::same_as<T, RawJson>) {
      return RawJson{payload.text()};
    } else {
      const auto json = payload.json();
      if (!json) throw std::runtime_error(json.error().message());
      return json->template get<T>();
    }
  }
}

/// The response of a reply to a typed push. Errors: bad_json when it is no R.
template <class R>
Result<R> response_as(const Reply& reply) {
  try {
    return from_payload<R>(reply.response);
  } catch (const std::exception&) { return failure(Errc::bad_json); }
}

/// The answer is not the one that was hoped for: another status than "ok", or a response of another type. what() says which.
class ReplyError : public std::runtime_error {
 public:
  ReplyError(const std::string& what, Reply answer) : std::runtime_error(what), reply(std::move(answer)) {}
  Reply reply;
};

/// A Reply whose response is an R when its status is "ok".
template <class R>
class TypedReply : public Reply {
 public:
  TypedReply() = default;
  /// about: which push, for errors.
  TypedReply(Reply reply, std::string about) : Reply(std::move(reply)), about_(std::move(about)) {}

  /// Throws ReplyError.
  R value() const {
    if (!ok()) throw ReplyError("the reply to " + about_ + " has status '" + status + "'", whole());
    try {
      return from_payload<R>(response);
    } catch (const std::exception& e) {
      throw ReplyError("the response to " + about_ + " is not of the expected type: " + e.what(), whole());
    }
  }

 private:
  const Reply& whole() const { return *this; }

  std::string about_;
};

/// A push whose reply with status "ok" has a response of type R.
template <class R>
class TypedPush : public Push {
 public:
  /// about: which push, for errors.
  TypedPush(Push push, std::string about) : Push(std::move(push)), about_(std::move(about)) {}

  /// Runs for answers with status "ok". A response that is no R is reported like an exception of the hook.
  TypedPush& ok(std::function<void(const R&)> hook) {
    receive("ok", [hook = std::move(hook), about = about_](const Reply& reply) { hook(TypedReply<R>(reply, about).value()); });
    return *this;
  }
  /// Any other status.
  using Push::receive;

  /// As Push::future(); a refusal and a response of another type show in TypedReply::value().
  std::future<Result<TypedReply<R>>> future() const {
    std::promise<Result<TypedReply<R>>> promise;
    auto future = promise.get_future();
    on_outcome([promise = std::move(promise), about = about_](const Result<Reply>& outcome) mutable {
      promise.set_value(outcome.map([&](const Reply& reply) { return TypedReply<R>(reply, about); }));
    });
    return future;
  }

 private:
  std::string about_;
};

template <class T, class R, class F>
Subscription Channel::on(const Event<T, R>& event, F handler) {
  static_assert(std::is_invocable_v<F&, const T&> || std::is_invocable_v<F&, const T&, const Message&>,
                "the handler of a typed event takes (const T&) or (const T&, const Message&)");
  return on(std::string(event.name), [handler = std::move(handler)](const Message& message) mutable {
    const T value = [&] {
      try {
        return from_payload<T>(message.payload);
      } catch (const std::exception& e) {
        throw std::runtime_error("payload of '" + message.event + "' on '" + message.topic + "' is not of the expected type: " + e.what());
      }
    }();
    if constexpr (std::is_invocable_v<F&, const T&>) {
      handler(value);
    } else {
      handler(value, message);
    }
  });
}

template <class T, class R>
TypedPush<R> Channel::push(const Event<T, R>& event, const std::type_identity_t<T>& value, PushOptions options) {
  return push<R>(event.name, to_payload(value), std::move(options));
}

template <class R>
TypedPush<R> Channel::push(std::string_view event, Payload payload, PushOptions options) {
  return TypedPush<R>(push(event, std::move(payload), std::move(options)), detail::name_of_push(event, topic()));
}

template <class T, class R, class Token>
auto Channel::async_push(const Event<T, R>& event, const std::type_identity_t<T>& value, Token&& token) {
  return async_ask<TypedReply<R>>(event.name, to_payload(value), PushOptions{}, std::forward<Token>(token));
}

template <class T, class R, class Token>
auto Channel::async_push(const Event<T, R>& event, const std::type_identity_t<T>& value, PushOptions options, Token&& token) {
  return async_ask<TypedReply<R>>(event.name, to_payload(value), std::move(options), std::forward<Token>(token));
}

template <class R, class Token>
auto Channel::async_push(std::string_view event, Payload payload, Token&& token) {
  return async_ask<TypedReply<R>>(event, std::move(payload), PushOptions{}, std::forward<Token>(token));
}

template <class R, class Token>
auto Channel::async_push(std::string_view event, Payload payload, PushOptions options, Token&& token) {
  return async_ask<TypedReply<R>>(event, std::move(payload), std::move(options), std::forward<Token>(token));
}

}  // namespace phx::client
