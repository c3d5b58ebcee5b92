// A chat in the terminal: lines typed are sent, what anybody says is printed, end of input leaves. Survives a restart of the server.
#include <phx/client.hpp>
#include <phx/core/json.hpp>

#include <iostream>

int main(int argc, char** argv) {
  const std::string name = argc > 2 ? argv[2] : "guest";
  phx::Socket socket(argc > 1 ? argv[1] : "ws://127.0.0.1:4000/socket", {.params = phx::obj("user_id", name)});
  phx::Channel room = socket.channel("chat:lobby", phx::obj("name", name));

  auto states = room.on_state([](phx::ChannelState state) {
    if (state == phx::ChannelState::errored) std::cerr << "connection lost, one moment\n";
  });
  auto messages = room.on("new_message", [](const phx::Message& m) {
    if (auto said = m.json())
      std::cout << said->at("user").at("name").get<std::string>() << ": " << said->at("message").get<std::string>() << std::endl;
  });

  socket.connect();
  const phx::Result<phx::Reply> joined = room.join().future().get();
  if (!joined || !joined->ok())
    return std::cerr << "cannot join: " << (joined ? joined->response.text() : joined.error().message()) << '\n', 1;

  for (std::string line; std::getline(std::cin, line);) {
    const auto sent = room.push("new_message", phx::obj("message", line)).future().get();
    if (!sent) std::cerr << "not sent: " << sent.error().message() << '\n';
    if (sent && !sent->ok()) std::cerr << "refused: " << sent->response.text() << '\n';
  }
  room.leave().future().wait();
}
