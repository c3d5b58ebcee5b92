// Who is here: the list, then everybody who comes and goes, until Enter.
#include <phx/client.hpp>
#include <phx/core/json.hpp>

#include <iostream>

int main(int argc, char** argv) {
  phx::Socket socket(argc > 1 ? argv[1] : "ws://127.0.0.1:4000/socket", {.params = phx::obj("user_id", "watcher")});
  phx::Channel room = socket.channel("chat:lobby");
  phx::Presence presence(room);  // before the join, so that it sees the first state

  auto joins = presence.on_join([](const phx::client::PresenceJoined& joined) {
    if (!joined.current) std::cout << "+ " << joined.presence.key << std::endl;  // else one more device of somebody who is here
  });
  auto leaves = presence.on_leave([](const phx::client::PresenceLeft& left) {
    if (left.current.metas.empty()) std::cout << "- " << left.presence.key << std::endl;
  });
  auto syncs = presence.on_sync([&] { std::cout << presence.list().size() << " here" << std::endl; });

  socket.connect();
  room.join();
  std::cin.get();
}
