#pragma once

#include <string>

#include <phx/server/channel.hpp>
#include <phx/server/presence.hpp>

#include "chat.hpp"

namespace phx::app {

/// `chat:*`: who is here (presence under the user's id), messages with an id and an author, typing notes to the others.
///
///   new_message {message}      reply ok {id}; broadcast new_message {id, message, user, inserted_at}
///   typing {typing}            broadcast user_typing {user_id, typing} to the others
///   update_presence {...}      merges into the own meta; reply ok
class ChatChannel final : public server::Channel {
 public:
  ChatChannel(Chat& chat, server::Presence& presence) : chat_(chat), presence_(presence) {}

  server::JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override;
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override;
  server::HandleResult handle_info(const server::Info& message, server::Socket& socket) override;

 private:
  server::HandleResult new_message(const Json& payload, server::Socket& socket);
  server::HandleResult typing(const Json& payload, server::Socket& socket);
  server::HandleResult update_presence(const Json& payload, server::Socket& socket);

  Chat& chat_;
  server::Presence& presence_;
  std::string user_id_, name_;
};

}  // namespace phx::app
