// Raw WebSocket echo on any path, for Autobahn-style peers: strict handshake, no limits to speak of.
#include <cstdint>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include <phx/cli/end_signals.hpp>
#include <phx/cli/program.hpp>

#include <phx/server/endpoint.hpp>
#include <phx/server/transport.hpp>

namespace {

using phx::cli::ExitCode;
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

ExitCode serve(std::uint16_t port, bool deflate) {
  const phx::cli::EndSignals signals;
  const auto options = echo_options(port, deflate);
  Endpoint endpoint(options);
  if (const auto started = endpoint.start(); !started)
    throw phx::cli::Failure(ExitCode::error, "cannot listen on port " + std::to_string(port) + ": " + started.error().message());
  phx::cli::say_listening(options.host, endpoint.port());
  signals.wait();
  endpoint.stop();
  return ExitCode::pass;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Echoes WebSocket messages on any path", "ws_echo_server"};
  app.set_version_flag("--version", phx::cli::version_line("ws_echo_server"));
  std::uint16_t port = 0;
  bool deflate = false;
  app.add_option("--port", port, "port to listen on; 0 takes a free one")->required();
  app.add_flag("--deflate", deflate, "accept permessage-deflate");
  return phx::cli::run_program(app, argc, argv, [&] { return serve(port, deflate); });
}
