// Bytes as payloads, both ways: a file, a voice sample, an image. No base64, no JSON around them.
#include <phx/client.hpp>

#include <future>
#include <iostream>

int main(int argc, char** argv) {
  phx::Socket socket(argc > 1 ? argv[1] : "ws://127.0.0.1:4000/socket");
  phx::Channel room = socket.channel("room:lobby");
  std::promise<phx::Payload> heard;
  auto samples = room.on("new_msg", [&](const phx::Message& m) { heard.set_value(m.payload); });

  socket.connect();
  room.join();
  std::string sample(1 << 20, '\0');
  for (std::size_t n = 0; n < sample.size(); ++n) sample[n] = static_cast<char>(n * n >> 3);

  const phx::Result<phx::Reply> echo = room.push("ping", phx::client::Bytes{sample}).future().get();
  if (!echo) return std::cerr << "no reply: " << echo.error().message() << '\n', 1;
  std::cout << echo->status << ' ' << (echo->response == phx::client::Bytes{sample} ? "same" : "other") << " bytes\n";

  room.push("new_msg", phx::client::Bytes{sample});
  const phx::Payload broadcast = heard.get_future().get();
  std::cout << "heard " << broadcast.text().size() << (broadcast.is_binary() ? " bytes\n" : " characters\n");
}
