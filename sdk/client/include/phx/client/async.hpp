#pragma once

/// Boost.Asio completion tokens for the client: co_await room.async_push("new_msg", payload, boost::asio::use_awaitable).
///
/// A handler with an associated executor (a coroutine, bind_executor) runs there; one without runs as a callback of the socket.
/// Cancellation slots are honoured: the request then ends with Errc::cancelled.

#include <concepts>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <phx/client/channel.hpp>
#include <phx/client/detail/start.hpp>
#include <phx/client/receiver.hpp>
#include <phx/client/rest.hpp>
#include <phx/client/socket.hpp>

namespace phx::client::detail {

struct NoExecutor {};

template <class Handler>
inline constexpr bool has_executor = !std::same_as<typename boost::asio::associated_executor<Handler, NoExecutor>::type, NoExecutor>;

template <class Handler>
inline constexpr RunOn place_of = has_executor<Handler> ? RunOn::own_executor : RunOn::callback_queue;

/// Brings (std::error_code, values...) to a handler of (boost::system::error_code, values...), on its executor if it has one.
template <class Handler>
auto completion_for(Handler handler) {
  if constexpr (has_executor<Handler>) {
    auto work = boost::asio::make_work_guard(handler);
    return [handler = std::move(handler), work = std::move(work)](std::error_code error, auto... values) mutable {
      const auto executor = work.get_executor();
      boost::asio::post(executor, [handler = std::move(handler), error, ... held = std::move(values)]() mutable {
        std::move(handler)(boost::system::error_code(error), std::move(held)...);
      });
      work.reset();
    };
  } else {
    return [handler = std::move(handler)](std::error_code error, auto... values) mutable {
      std::move(handler)(boost::system::error_code(error), std::move(values)...);
    };
  }
}

/// A request to the socket that the handler's cancellation slot ends.
template <class... Args, class Handler>
std::shared_ptr<Once<Args...>> cancellable(const Handler& handler) {
  auto request = std::make_shared<Once<Args...>>();
  if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected())
    slot.assign([weak = std::weak_ptr(request)](boost::asio::cancellation_type) {
      if (const auto waiting = weak.lock()) (*waiting)(Errc::cancelled, Args{}...);
    });
  return request;
}

/// Answer: Reply, or what is made of one and of the request's name.
template <class Answer, class Done>
auto answering(const std::string& about, Done done) {
  if constexpr (std::same_as<Answer, Reply>) {
    return done;
  } else {
    return [done = std::move(done), about](std::error_code error, Reply reply) mutable { done(error, Answer(std::move(reply), about)); };
  }
}

template <class Answer = Reply, class Token>
auto async_request(Request request, Token&& token, std::string about = {}) {
  return boost::asio::async_initiate<Token, void(boost::system::error_code, Answer)>(
      [](auto handler, const Request& what, const std::string& name) {
        using Handler = std::decay_t<decltype(handler)>;
        const auto operation = prepare(what);
        if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected())
          slot.assign([operation](boost::asio::cancellation_type) { cancel(operation); });
        start(what, operation, answering<Answer>(name, completion_for(std::move(handler))), place_of<Handler>);
      },
      token, std::move(request), std::move(about));
}

}  // namespace phx::client::detail

namespace phx::client {

template <class Token>
auto Channel::async_push(std::string_view event, Payload payload, Token&& token) {
  return async_push(event, std::move(payload), PushOptions{}, std::forward<Token>(token));
}

template <class Token>
auto Channel::async_push(std::string_view event, Payload payload, PushOptions options, Token&& token) {
  return detail::async_request({detail::Request::Kind::push, shared_, std::string(event), std::move(payload), options},
                               std::forward<Token>(token));
}

template <class Answer, class Token>
auto Channel::async_ask(std::string_view event, Payload payload, PushOptions options, Token&& token) {
  return detail::async_request<Answer>({detail::Request::Kind::push, shared_, std::string(event), std::move(payload), std::move(options)},
                                       std::forward<Token>(token), detail::name_of_push(event, topic()));
}

template <class Token>
auto Channel::async_join(Token&& token) {
  return detail::async_request({.kind = detail::Request::Kind::join, .channel = shared_}, std::forward<Token>(token));
}

template <class Token>
auto Channel::async_leave(Token&& token) {
  return detail::async_request({.kind = detail::Request::Kind::leave, .channel = shared_}, std::forward<Token>(token));
}

template <class Token>
auto Receiver::async_receive(Token&& token) {
  return boost::asio::async_initiate<Token, void(boost::system::error_code, Message)>(
      [](auto handler, const std::shared_ptr<detail::ReceiverShared>& receiver) {
        using Handler = std::decay_t<decltype(handler)>;
        const auto ticket = detail::receive_ticket(receiver);
        if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected())
          slot.assign([weak = std::weak_ptr(receiver), ticket](boost::asio::cancellation_type) {
            if (const auto alive = weak.lock()) detail::cancel_receive(alive, ticket);
          });
        detail::start_receive(receiver, ticket, detail::completion_for(std::move(handler)), detail::place_of<Handler>);
      },
      token, shared_);
}

template <class Token>
auto Socket::async_ping(Token&& token) {
  return boost::asio::async_initiate<Token, void(boost::system::error_code, Duration)>(
      [](auto handler, const std::shared_ptr<detail::SocketShared>& socket) {
        using Handler = std::decay_t<decltype(handler)>;
        const auto request = detail::cancellable<Duration>(handler);
        detail::start_ping(socket, request, detail::completion_for(std::move(handler)), detail::place_of<Handler>);
      },
      token, shared_);
}

template <class Token>
auto Socket::async_disconnect(Token&& token) {
  return async_disconnect(CloseOptions{}, std::forward<Token>(token));
}

template <class Token>
auto Socket::async_disconnect(CloseOptions options, Token&& token) {
  return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
      [](auto handler, const std::shared_ptr<detail::SocketShared>& socket, const CloseOptions& how) {
        using Handler = std::decay_t<decltype(handler)>;
        const auto request = detail::cancellable<>(handler);
        detail::start_disconnect(socket, how, request, detail::completion_for(std::move(handler)), detail::place_of<Handler>);
      },
      token, shared_, std::move(options));
}

template <class Token>
auto RestClient::async_request(RestRequest request, Token&& token) {
  return boost::asio::async_initiate<Token, void(boost::system::error_code, RestResponse)>(
      [](auto handler, const std::shared_ptr<detail::RestShared>& rest, RestRequest what) {
        using Handler = std::decay_t<decltype(handler)>;
        const auto operation = detail::prepare(rest, std::move(what));
        if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected())
          slot.assign([operation](boost::asio::cancellation_type) { detail::cancel(operation); });
        detail::start(rest, operation, detail::completion_for(std::move(handler)), detail::place_of<Handler>);
      },
      token, shared_, std::move(request));
}

}  // namespace phx::client
