#pragma once

#include <string>
#include <string_view>

#include <phx/core/json_fwd.hpp>

namespace phx::client {

/// An event by name and type of payload, so that a misspelt name or a wrong payload does not compile:
///
///   struct NewMsg { std::string body; };
///   NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NewMsg, body)
///   constexpr phx::Event<NewMsg> new_msg{"new_msg"};
///
///   auto messages = room.on(new_msg, [](const NewMsg& m) { ... });
///   room.push(new_msg, NewMsg{"hi"});
///   TypedReply<Pong> reply = co_await room.async_push(ping, NewMsg{"hi"}, boost::asio::use_awaitable);   // Event<NewMsg, Pong> ping
///
/// T and R: whatever nlohmann's to_json and from_json know; phx::Json, phx::RawJson (not parsed), phx::Bytes. R is the response of a reply with
/// status "ok". Using one needs <phx/client/typed.hpp>.
template <class T, class R = Json>
struct Event {
  std::string_view name;  ///< a literal
};

template <class R>
class TypedPush;
template <class R>
class TypedReply;

namespace detail {
/// How errors name a push.
inline std::string name_of_push(std::string_view event, std::string_view topic) {
  return "'" + std::string(event) + "' on '" + std::string(topic) + "'";
}
}  // namespace detail

}  // namespace phx::client
