#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <phx/testing/played_server.hpp>

namespace phx::testing {

/// What a scripted server says to a message: all of a rule's answers, each `after` its time from the message.
struct Answer {
  enum class Kind : std::uint8_t { reply, push, broadcast, close_channel, crash_channel, disconnect };
  Kind kind = Kind::reply;
  std::string name = {};  ///< status of a reply, event of a push or broadcast
  Json payload = Json::object();
  std::uint16_t code = 1000;  ///< of disconnect
  Duration after = {};

  static Answer reply(std::string status, Json response = Json::object()) { return {Kind::reply, std::move(status), std::move(response)}; }
  static Answer push(std::string event, Json payload = Json::object()) { return {Kind::push, std::move(event), std::move(payload)}; }
  static Answer broadcast(std::string event, Json payload = Json::object()) {
    return {Kind::broadcast, std::move(event), std::move(payload)};
  }
  static Answer close_channel() { return {Kind::close_channel}; }
  static Answer crash_channel() { return {Kind::crash_channel}; }
  static Answer disconnect(std::uint16_t code) { return {.kind = Kind::disconnect, .code = code}; }
  Answer in(Duration time) && {
    after = time;
    return std::move(*this);
  }
};

/// A server that does as told, on virtual time: accepts, refuses, replies, keeps silent, closes with a code. Rules are tried in the
/// order they were given; a rule without answers is silence. Without a rule: heartbeats, joins and leaves are answered as Phoenix does
/// (ok; phx_close after leave), anything else is left unanswered and kept in unexpected().
///
///     ScriptedServer server;
///     server.on("room:*", "phx_join", obj("nick", "bob"), {Answer::reply("error", obj("reason", "taken"))});
///     server.on("room:*", "ping", obj(), {Answer::reply("ok").in(2s)});
class ScriptedServer final : public PlayedServer {
 public:
  struct Received {
    Instant at;
    std::string topic, event;
    Json payload;
  };

  ScriptedServer();
  ~ScriptedServer() override;
  /// topic: a glob. pattern: contained in the payload.
  ScriptedServer& on(std::string topic, std::string event, Json pattern, std::vector<Answer> answers);
  /// Connections from now on are refused with this HTTP status; 0: accepted again.
  void refuse(int http_status) noexcept { refusal_ = http_status; }

  const std::vector<Received>& received() const noexcept { return received_; }
  const std::vector<Received>& unexpected() const noexcept { return unexpected_; }

  std::string name() const override { return "scripted server"; }
  std::unique_ptr<Peer> dial(const Dial& dial) override;

 private:
  class Connection;
  struct Rule {
    std::string topic, event;
    Json pattern;
    std::vector<Answer> answers;
  };
  const Rule* find(const Received& message) const;
  void tell(const TopicBroadcast& broadcast);

  std::vector<Rule> rules_;
  std::vector<Received> received_, unexpected_;
  std::vector<Connection*> connections_;
  int refusal_ = 0;
};

}  // namespace phx::testing
