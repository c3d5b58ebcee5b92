#include <phx/client.hpp>
#include <phx/core/json.hpp>

#include <future>
#include <iostream>

int main(int argc, char** argv) {
  phx::Socket socket(argc > 1 ? argv[1] : "ws://127.0.0.1:4000/socket");
  phx::Channel room = socket.channel("room:lobby");

  std::promise<std::string> heard;
  auto messages = room.on("new_msg", [&](const phx::Message& m) { heard.set_value(m.payload.text()); });

  socket.connect();  // and reconnects, rejoins and keeps its promises from now on
  room.join();
  phx::Result<phx::Reply> reply = room.push("ping", phx::obj("hello", "world")).future().get();
  if (!reply) return std::cerr << "no reply: " << reply.error().message() << '\n', 1;
  std::cout << reply->status << ' ' << reply->response.text() << '\n';

  room.push("new_msg", phx::obj("body", "hi"));
  std::cout << "heard " << heard.get_future().get() << '\n';
}
