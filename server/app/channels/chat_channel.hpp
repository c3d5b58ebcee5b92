#pragma once

#include <string>

#include <phx/server/channel.hpp>
#include <phx/server/presence.hpp>

#include "app/contexts/contexts.hpp"

namespace phx::app {

/// `chat:*`: who is here (presence under the user's id), messages with an id and an author, typing notes to the others. `chat:7` is room 7 of
/// the database, which may be private; any other name is open to everybody, guests included.
///
///   after the join             pushes presence_state and messages_history {messages}
///   new_message {message}      stored; then broadcast new_message {id, content, message, user, inserted_at}, reply ok {id}
///   typing {typing}            broadcast user_typing {user_id, typing} to the others
///   update_presence {...}      merges into the own meta, 4,000 bytes in all; reply ok
///   delete_message {message_id}   own ones: broadcast message_deleted {message_id}, reply ok
///   put out of the room        (removed from it, it became private, it is gone) pushes error {reason} as of a refused join, then ends
///
/// More than 60 messages a minute of one user in one room, over however many joins: push error {reason: "rate_limit_exceeded"}, and the same as reply.
class ChatChannel final : public server::Channel {
 public:
  explicit ChatChannel(Contexts contexts) : contexts_(contexts) {}

  server::JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override;
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override;
  server::HandleResult handle_info(const server::Info& message, server::Socket& socket) override;

 private:
  server::HandleResult after_join(server::Socket& socket);
  server::HandleResult access_changed(const Json& change, server::Socket& socket);
  server::HandleResult new_message(const Json& payload, server::Socket& socket);
  server::HandleResult delete_message(const Json& payload, server::Socket& socket);
  server::HandleResult typing(const Json& payload, server::Socket& socket);
  server::HandleResult update_presence(const Json& payload, server::Socket& socket);

  Contexts contexts_;
  std::string room_;
  Speaker speaker_;
};

}  // namespace phx::app
