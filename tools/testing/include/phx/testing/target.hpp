#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/core/envelope.hpp>
#include <phx/core/json.hpp>
#include <phx/core/time.hpp>

#include <tl/expected.hpp>

namespace phx::server {
class Channel;
class Info;
struct ConnectInfo;
}  // namespace phx::server

namespace phx::testing {

using core::Opcode;
using HeaderList = std::vector<std::pair<std::string, std::string>>;

enum class Via : std::uint8_t { websocket, longpoll };

/// How a test connects.
struct Dial {
  Json params = Json::object();
  std::string vsn = "2.0.0";
  Via via = Via::websocket;
  HeaderList headers = {};                                            ///< of the upgrade; ignored in process
  std::optional<std::string> auth_token = std::nullopt;               ///< as a sub-protocol; connect_info has it in process
  std::shared_ptr<const server::ConnectInfo> connect_info = nullptr;  ///< all of it, in process only
  std::string path = {};                                              ///< of the mount; empty: the target's own
  /// Phoenix's socket/3: no connect callback, these assigns, this id. In process only.
  struct Bare {
    Json assigns = Json::object();
    std::optional<std::string> id = std::nullopt;
  };
  std::optional<Bare> bare = std::nullopt;
};

struct Frame {
  Instant at;
  Opcode op = Opcode::text;
  std::string bytes;
};

/// Why a connection ended, or never began.
struct Ending {
  std::uint16_t code = 1006;
  std::string reason = {};
  int http_status = 0;      ///< of a refused upgrade
  std::string detail = {};  ///< one line for people
};

/// One connection to the server under test: frames as they are on the wire. Changes only inside its target's wait(), so a test
/// reads `inbox` at leisure and takes from its front.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void send(Opcode op, std::string_view bytes) = 0;
  virtual void close(std::uint16_t code, std::string_view reason) = 0;

  bool opened = false;  ///< it once was open
  std::deque<Frame> inbox;
  std::optional<Ending> ended;
};

struct HttpRequest {
  std::string method = "GET", path = "/";  ///< with the query
  HeaderList headers = {};
  std::string body = {};
};
struct HttpResponse {
  int status = 0;
  HeaderList headers = {};  ///< names in lower case
  std::string body = {};

  /// The first; null: none.
  const std::string* header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return &value;
    return nullptr;
  }
};

/// What a subscriber of a topic hears.
struct TopicBroadcast {
  std::string topic, event;
  Json payload;
};

/// The server under test, wherever it is: in this process without sockets and on virtual time, behind a port, or at a URL.
/// One thread: everything that happens, happens inside wait().
class Target {
 public:
  virtual ~Target() = default;
  virtual std::string name() const = 0;  ///< for messages: "in process", "ws://..."
  virtual Instant now() const = 0;
  /// Goes on until something has happened, at most until `deadline`; false: it is reached.
  virtual bool wait(Instant deadline) = 0;
  /// How long one waits here for what ought to come: in virtual time as written, in real time with room for a slow machine.
  virtual Duration patience(Duration written) const = 0;

  virtual std::unique_ptr<Peer> dial(const Dial& dial) = 0;
  /// The error is one line for people.
  virtual tl::expected<HttpResponse, std::string> request(const HttpRequest& request) = 0;

  /// Plain subscription of the test to a topic, until the handle is destroyed; null: the server is out of reach.
  virtual std::shared_ptr<void> subscribe(std::string_view /*topic*/, std::function<void(TopicBroadcast)> /*told*/) { return nullptr; }
  /// From outside any channel; false: the server is out of reach.
  virtual bool broadcast(std::string_view /*topic*/, std::string_view /*event*/, const Json& /*payload*/) { return false; }
  /// To handle_info of every channel of the topic; false: the server is out of reach.
  virtual bool send_info(std::string_view /*topic*/, const server::Info& /*message*/) { return false; }
  /// In process, bare sockets find this channel class under `pattern`; elsewhere the server's own routing decides.
  virtual void use_channel(std::string_view /*pattern*/, std::function<std::unique_ptr<server::Channel>()> /*make*/) {}
};

}  // namespace phx::testing
