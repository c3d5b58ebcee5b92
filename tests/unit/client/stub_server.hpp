#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include <phx/core/json.hpp>
#include <phx/core/serializer.hpp>
#include <phx/core/ws/websocket_core.hpp>

namespace phx::test {

/// A small blocking WebSocket server for tests of the client's shells: a thread per connection, no policy. Answers joins, leaves,
/// heartbeats and pushes with ok (a push with its payload), and a few events with mischief:
///
///   silent: no reply    refuse: status "error"    shout: broadcast of the payload as "shout" to everybody, then ok
///   crash: phx_error    cut: closes TCP           close: close frame 1012      twice: two "echo" messages, then ok
class StubServer {
 public:
  class Connection;
  /// May answer the request head itself (raw HTTP, then the connection closes); empty: upgrade.
  using OnHead = std::function<std::string(const std::string& head)>;
  /// True when it has dealt with the message.
  using OnMessage = std::function<bool(Connection&, const core::EnvelopeView&)>;

  explicit StubServer(OnHead on_head = {}, OnMessage on_message = {});
  ~StubServer();

  std::uint16_t port() const noexcept { return port_; }
  std::string url() const { return "ws://127.0.0.1:" + std::to_string(port_) + "/socket"; }
  int connections() const noexcept { return accepted_; }
  /// The head of the newest request.
  std::string last_head();
  void broadcast(std::string_view topic, std::string_view event, std::string_view payload);
  /// Closes TCP of all connections.
  void cut_all();

  class Connection {
   public:
    Connection(StubServer& server, int fd) : server_(server), fd_(fd) {}
    void run();
    void cut();
    void send(const core::MessageView& message);
    void reply(const core::EnvelopeView& to, std::string_view status, std::string_view response);
    void close(std::uint16_t code);

   private:
    friend class StubServer;
    bool handshake();
    bool read(std::string& into);
    void handle(const core::EnvelopeView& message);
    void write(std::string_view bytes);

    StubServer& server_;
    const int fd_;
    std::mutex write_mutex_;  // guards core_'s sending side and the order of bytes
    core::ws::WebSocketCore core_{core::ws::Role::server, limits_};
    static inline const core::ws::Limits limits_ = core::ws::Limits::unlimited();
    std::string rest_;
    std::atomic<bool> ended_ = false;
    std::thread thread_;
  };

 private:
  void accept_loop();
  void reap();

  OnHead on_head_;
  OnMessage on_message_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;  // guards below
  std::list<Connection> open_;
  std::string last_head_;
  std::thread acceptor_;
};

}  // namespace phx::test
