#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/server/socket_mount.hpp>
#include <phx/testing/memory_server.hpp>
#include <phx/testing/virtual_clock.hpp>
#include <phx/testing/wire.hpp>

namespace phx::server::test {

using namespace std::chrono_literals;

/// What a raw handler's sessions have seen and do. Sessions echo unless `act` is set.
struct Log {
  std::vector<std::string> connects;  ///< params as JSON
  std::vector<ConnectInfo> infos;
  std::vector<std::string> messages;  ///< "text:..." and "binary:..."
  std::vector<CloseCause> ends;
  TransportLink* link = nullptr;                              ///< of the latest session
  std::function<void(TransportLink&, std::string_view)> act;  ///< instead of the echo
  Shard* shard = nullptr;                                     ///< of the latest session
  bool drains = true;

  void write(std::string_view text, Opcode op = Opcode::text) const { shard->write_frame(link->outbox(), op, text); }
};

/// A raw handler: param `auth=deny` is refused, `auth=crash` raises.
std::shared_ptr<const TransportHandler> raw_handler(std::shared_ptr<Log> log);

/// One request and its answer, on a connection of its own.
class Exchange {
 public:
  Exchange(testing::VirtualClock& clock, testing::MemoryServer& server, std::string_view request);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  bool answered();
  int http_status();
  std::string header(std::string_view name);
  Json body();          ///< throws when the answer has not come
  int status();         ///< the one in the body
  std::string token();  ///< in the body
  Json messages();      ///< in the body
  std::string text();   ///< head and body
  void hang_up();

 private:
  testing::VirtualClock& clock_;
  testing::Wire wire_;
  std::string in_;
};

/// Workers with one long-poll mount, in virtual time.
class World {
 public:
  explicit World(SocketMount mount, std::size_t workers = 1);

  std::unique_ptr<Exchange> get(std::string_view path, std::string_view headers = {}, std::size_t worker = 0);
  std::unique_ptr<Exchange> post(std::string_view path, std::string_view body, std::string_view type = "application/x-ndjson",
                                 std::size_t worker = 0);
  std::unique_ptr<Exchange> ask(std::string_view method, std::string_view path, std::string_view headers = {}, std::string_view body = {},
                                std::size_t worker = 0);
  /// A new session's token.
  std::string open(std::string_view path = "/socket/longpoll?vsn=2.0.0");

  testing::VirtualClock clock;
  std::deque<testing::MemoryServer> servers;
};

/// A mount at /socket of this handler, WebSocket off.
SocketMount mount(std::shared_ptr<const TransportHandler> handler, LongPollOptions options = {});
/// Window 400 ms.
LongPollOptions short_window();

inline std::string poll_path(std::string_view token) { return "/socket/longpoll?vsn=2.0.0&token=" + std::string(token); }

}  // namespace phx::server::test
