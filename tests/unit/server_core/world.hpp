#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <phx/core/json.hpp>
#include <phx/core/ws/deflate.hpp>
#include <phx/core/ws/frame.hpp>
#include <phx/server/channel.hpp>
#include <phx/server/observer.hpp>
#include <phx/server/presence.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/shard.hpp>
#include <phx/server/socket.hpp>
#include <phx/server/transport.hpp>
#include <phx/server/user_socket.hpp>

/// A node without sockets: shards with virtual time, a channel scripted by the test, clients that speak text frames.
namespace phx::server::test {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

struct Script {
  std::function<JoinResult(std::string_view, const Json&, Socket&)> join;
  std::function<HandleResult(std::string_view, const Payload&, Socket&)> in, out;
  std::function<HandleResult(const Info&, Socket&)> info;
  std::function<void(const StopReason&, Socket&)> terminate;
  std::vector<std::string_view> intercepts;
};

class ScriptedChannel final : public Channel {
 public:
  explicit ScriptedChannel(const Script* script) : script_(*script) {}
  JoinResult join(std::string_view topic, const Json& params, Socket& socket) override {
    if (script_.join) return script_.join(topic, params, socket);
    return JoinOk{};
  }
  HandleResult handle_in(std::string_view event, const Payload& payload, Socket& socket) override {
    return script_.in ? script_.in(event, payload, socket) : Channel::handle_in(event, payload, socket);
  }
  HandleResult handle_out(std::string_view event, const Payload& payload, Socket& socket) override {
    return script_.out ? script_.out(event, payload, socket) : Channel::handle_out(event, payload, socket);
  }
  HandleResult handle_info(const Info& message, Socket& socket) override {
    return script_.info ? script_.info(message, socket) : Channel::handle_info(message, socket);
  }
  void terminate(const StopReason& reason, Socket& socket) override {
    if (script_.terminate) script_.terminate(reason, socket);
  }
  std::span<const std::string_view> intercepts() const noexcept override { return script_.intercepts; }

 private:
  const Script& script_;
};

class ScriptedSocket final : public UserSocket {
 public:
  explicit ScriptedSocket(const Script& script) {
    channel<ScriptedChannel>("room:*", &script);
    channel<ScriptedChannel>("exact", &script);
  }
  std::optional<std::string> id(const ConnectSocket&) const override { return "user_socket:1"; }
};

class Recorder final : public Observer {
 public:
  std::vector<std::string> events;
  void channel_joined(const ChannelJoined& e) override { events.push_back("joined " + std::string(e.topic) + (e.ok ? " ok" : " error")); }
  void channel_handled_in(const ChannelHandledIn& e) override { events.push_back("handled " + std::string(e.event)); }
  void socket_connected(const SocketConnected& e) override { events.push_back("connected " + std::string(e.transport)); }
  void log(const LogEvent& e) override { events.push_back(std::string(e.what)); }
};

class World {
 public:
  explicit World(std::size_t count = 1) {
    for (std::size_t i = 0; i < count; ++i) pubsub.attach(*shards.emplace_back(std::make_unique<Shard>(i)));
    for (auto& shard : shards) shard->set_now(Instant{});
    options.observer = observer;
  }
  Shard& shard(std::size_t index = 0) { return *shards.at(index); }
  void run() {
    for (int turn = 0; turn < 3; ++turn)
      for (auto& s : shards) s->run();
  }
  void advance(Duration time) {
    now += time;
    for (auto& s : shards) s->set_now(now);
    run();
  }
  const ChannelSocketHandler& handler() {
    if (!handler_) handler_.emplace(std::make_shared<ScriptedSocket>(script), pubsub, options);
    return *handler_;
  }

  Script script;
  std::shared_ptr<Recorder> observer = std::make_shared<Recorder>();
  ChannelSocketHandler::Options options;
  PubSub pubsub;
  Instant now{};

 private:
  std::optional<ChannelSocketHandler> handler_;

 public:
  std::vector<std::unique_ptr<Shard>> shards;
};

/// One connection, seen from its carrier.
class Client : public TransportLink {
 public:
  explicit Client(World& world, std::size_t shard = 0, const core::Serializer& serializer = core::v2_serializer())
      : Client(world, world.handler(), shard, serializer) {}
  /// Negotiated permessage-deflate.
  Client(World& world, const core::ws::DeflateParams& params)
      : Client(world, world.handler(), 0, core::v2_serializer(),
               std::make_unique<core::ws::PerMessageDeflate>(core::ws::Role::server, params, world.shard(0).deflate(),
                                                             core::ws::DeflateLimits{.context_takeover = false})) {}
  Client(World& world, const TransportHandler& handler, std::size_t shard, const core::Serializer& serializer,
         std::unique_ptr<core::ws::PerMessageDeflate> deflate = nullptr)
      : world_(world), shard_(world.shard(shard)), deflate_(std::move(deflate)), outbox_(shard_.dirty()) {
    outbox_.set_deflate(deflate_.get());
    const Json params = Json::object();
    const ConnectInfo info;
    session_ = handler.connect({params, info, "websocket", &serializer}, shard_).value();
    session_->init(*this, world.now);
  }

  Outbox& outbox() noexcept override { return outbox_; }
  void close(std::uint16_t code, std::string_view) override {
    closed = code;
    session_->terminate(CloseCause::local_close, world_.now);
  }
  void pause_reading() override { ++holds; }
  void resume_reading() override { --holds; }

  void send(std::string_view text) { session_->handle_in(Opcode::text, text, world_.now); }
  void send_bytes(std::string_view bytes) { session_->handle_in(Opcode::binary, bytes, world_.now); }
  TransportSession& session() { return *session_; }
  void hang_up() { session_->terminate(CloseCause::peer_closed, world_.now); }

  /// Everything written so far, without another turn.
  std::vector<std::string> written() {
    std::string bytes;
    for (const Slice& slice : outbox_.slices()) bytes += slice.view();
    outbox_.consume(outbox_.bytes());
    std::vector<std::string> frames;
    core::ws::Decoder decoder(core::ws::Role::client, limits_, deflate_ != nullptr);
    decoder.feed(bytes);
    while (const auto event = decoder.next()) frames.push_back(text_of(std::get<core::ws::MessageEvent>(*event)));
    return frames;
  }
  /// Everything written once nothing more happens.
  std::vector<std::string> frames() {
    world_.run();
    return written();
  }
  /// Sends and waits.
  std::vector<std::string> ask(std::string_view text) {
    send(text);
    return frames();
  }
  void join(std::string_view topic = "room:a", std::string_view ref = "1") {
    const std::string r(ref);
    ask(R"([")" + r + R"(",")" + r + R"(",")" + std::string(topic) + R"(","phx_join",{}])");
  }

  int holds = 0;
  std::optional<std::uint16_t> closed;

 private:
  static std::string text_of(const core::ws::MessageEvent& message) {
    if (!message.compressed) return std::string(message.data);
    std::string text;
    EXPECT_TRUE(core::ws::MessageInflater().inflate(message.data, 1 << 20, text));
    return text;
  }

  World& world_;
  Shard& shard_;
  std::unique_ptr<core::ws::PerMessageDeflate> deflate_;
  core::ws::Limits limits_ = core::ws::Limits::unlimited();
  Outbox outbox_;
  std::unique_ptr<TransportSession> session_;
};

}  // namespace phx::server::test
