#pragma once

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
///
/// T and R: whatever nlohmann's to_json and from_json know; phx::Json, phx::RawJson (not parsed), phx::Bytes. R is the response of a reply with
/// status "ok". Using one needs <phx/client/typed.hpp>.
template <class T, class R = Json>
struct Event {
  std::string_view name;  ///< a literal
};

template <class R>
class TypedPush;

}  // namespace phx::client
