#include <phx/core/json.hpp>
#include <phx/server.hpp>

#include <iostream>

class RoomChannel final : public phx::Channel {
 public:
  phx::JoinResult join(std::string_view topic, const phx::Json&, phx::Socket&) override {
    if (topic != "room:lobby") return phx::JoinError{phx::obj("reason", "unauthorized")};
    return phx::JoinOk{};
  }
  phx::HandleResult handle_in(std::string_view event, const phx::Payload& payload, phx::Socket& socket) override {
    if (event == "ping") return phx::Reply::ok(payload);
    if (event != "new_msg") return phx::Reply::error(phx::obj("reason", "unknown event"));
    socket.broadcast("new_msg", payload);  // raw bytes pass through: no parse, one frame for everybody
    return phx::NoReply{};
  }
};

class UserSocket final : public phx::UserSocket {
 public:
  UserSocket() { channel<RoomChannel>("room:*"); }
};

int main() {
  phx::PubSub pubsub;
  auto handler = std::make_shared<phx::ChannelSocketHandler>(std::make_shared<UserSocket>(), pubsub);
  phx::EndpointOptions options;
  options.sockets.push_back({.path = "/socket", .handler = handler});
  options.pubsub = &pubsub;
  phx::Endpoint endpoint(std::move(options));
  if (auto started = endpoint.start(); !started) return std::cerr << started.error().message() << '\n', 1;
  std::cout << "ws://127.0.0.1:" << endpoint.port() << "/socket; Enter ends it" << std::endl;
  std::cin.get();
}
