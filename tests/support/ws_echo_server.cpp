// Raw WebSocket echo on any path, for Autobahn-style peers: strict handshake, no limits to speak of.
#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include <phx/server/endpoint.hpp>
#include <phx/server/transport.hpp>

namespace {

using namespace phx::server;
using phx::Instant;

class EchoSession final : public TransportSession {
 public:
  explicit EchoSession(Shard& shard) : shard_(shard) {}
  void init(TransportLink& link, Instant) override { link_ = &link; }
  void handle_in(Opcode op, std::string_view bytes, Instant) override { shard_.write_frame(link_->outbox(), op, bytes); }
  void terminate(CloseCause, Instant) override {}

 private:
  Shard& shard_;
  TransportLink* link_ = nullptr;
};

class EchoHandler final : public TransportHandler {
 public:
  bool speaks_channels() const noexcept override { return false; }
  tl::expected<std::unique_ptr<TransportSession>, ConnectRefused> connect(const ConnectRequest&, Shard& shard) const override {
    return std::make_unique<EchoSession>(shard);
  }
};

EndpointOptions echo_options(std::uint16_t port, bool deflate) {
  WebSocketOptions websocket;
  websocket.path = "";
  websocket.strictness = phx::core::ws::Strictness::strict;
  websocket.limits = phx::core::ws::Limits::unlimited();
  websocket.timeout = std::chrono::minutes(10);
  websocket.compress = deflate;
  websocket.deflate_options = {.context_takeover = true, .max_ratio = 0};
  websocket.check_origin = CheckOrigin::off();
  EndpointOptions options;
  options.port = port;
  options.max_queue_bytes = std::size_t{1} << 30;  // a test peer may write much before it reads
  options.sockets.push_back({.path = "/*", .handler = std::make_shared<EchoHandler>(), .websocket = websocket});
  return options;
}

/// Blocks the signals for all threads that are started later; sigwait then takes them.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int serve(std::uint16_t port, bool deflate) {
  const auto signals = block_signals();
  const auto options = echo_options(port, deflate);
  Endpoint endpoint(options);
  if (const auto started = endpoint.start(); !started) {
    std::cerr << "ws_echo_server: cannot listen on port " << port << ": " << started.error().message() << "\n";
    return 1;
  }
  std::cout << R"({"listening":{"host":")" << options.host << R"(","port":)" << endpoint.port() << "}}" << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  endpoint.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Echoes WebSocket messages on any path", "ws_echo_server"};
  std::uint16_t port = 0;
  bool deflate = false;
  app.add_option("--port", port, "port to listen on; 0 takes a free one")->required();
  app.add_flag("--deflate", deflate, "accept permessage-deflate");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) { return app.exit(e) == 0 ? 0 : 2; }
  return serve(port, deflate);
}
