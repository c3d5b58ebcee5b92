// The ways to use the client that docs/client.md shows: typed events, deliveries, pulling, polling, metrics. Run against phx-server.
#include <phx/client.hpp>
#include <phx/client/async.hpp>
#include <phx/client/typed.hpp>

#include <iostream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace {

struct NewMsg {
  std::string body;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NewMsg, body)

constexpr phx::Event<NewMsg> new_msg{"new_msg"};
constexpr phx::Event<NewMsg, NewMsg> ping{"ping"};

/// A game loop: callbacks run where and when it polls.
void game_loop(const std::string& url) {
  phx::SocketOptions options;
  options.runtime = phx::Runtime::polled();
  const auto runtime = options.runtime;
  phx::Socket socket(url, options);
  phx::Channel room = socket.channel("room:lobby");
  bool answered = false;
  socket.connect();
  room.join();
  room.push(ping, {"polled"}).ok([&](const NewMsg& m) {
    std::cout << "polled " << m.body << '\n';
    answered = true;
  });
  while (!answered) {
    runtime->poll(100);                                // at most 100 callbacks in this frame
    runtime->wait_for(std::chrono::milliseconds(16));  // a game would draw here
  }
}

/// A coroutine: answers have types too.
boost::asio::awaitable<void> converse(phx::Channel& room) {
  const NewMsg question{"coroutine"};
  const phx::TypedReply<NewMsg> reply = co_await room.async_push(ping, question, boost::asio::use_awaitable);
  std::cout << "typed answer to a " << reply.value().body << '\n';  // value() throws phx::ReplyError: refused, or not a NewMsg
  const auto other = co_await room.async_push<phx::Json>("ping", phx::obj("n", 1), boost::asio::use_awaitable);
  if (other.ok()) std::cout << "and to another " << other.value().at("n") << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  const std::string url = argc > 1 ? argv[1] : "ws://127.0.0.1:4000/socket";
  phx::Socket socket(url);
  phx::Channel room = socket.channel("room:lobby");

  phx::Receiver inbox(room, {.event = "new_msg", .max_count = 100});                              // pulled, instead of a callback
  auto typed = room.on(new_msg, [](const NewMsg& m) { std::cout << "typed " + m.body + '\n'; });  // another thread

  socket.connect();
  room.join();
  room.push("typing", {}, {.delivery = phx::IfJoined{}});                                 // now or never
  room.push("cursor", phx::obj("x", 1), {.delivery = phx::Latest{"cursor"}});             // only the newest waits
  room.push("new_msg", phx::obj("body", "hi"), {.delivery = phx::AtLeastOnce{"msg-1"}});  // until it is answered

  const auto message = inbox.receive(std::chrono::seconds(10));
  if (!message) return std::cerr << "nothing came: " << message.error().message() << '\n', 1;
  std::cout << "pulled " + message->payload.text() + '\n';

  const auto answer = room.push(ping, {"future"}).future().get();  // phx::Result<phx::TypedReply<NewMsg>>
  if (answer) std::cout << "typed answer to a " << answer->value().body << '\n';

  boost::asio::io_context io;
  boost::asio::co_spawn(io, converse(room), boost::asio::detached);
  io.run();

  game_loop(url);

  const phx::Metrics metrics = socket.metrics();
  std::cout << "received " << metrics.topics.at("room:lobby").messages << " message\n";
}
