// A transport of the user's own, played by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.hpp"

namespace phx::test {
namespace {

using testing::ElementsAre;

/// Opens at once, answers every frame it is given with a fixed reply to its ref.
class LoopTransport final : public Transport {
 public:
  LoopTransport(const TransportContext& context, Seen<std::string>& log) : context_(context), log_(log) {}

  void open(const ConnectRequest& request) override {
    log_.add(request.url);
    context_.post([&events = context_.events] { events.on_open({}); });
  }
  void send(core::Opcode op, std::string_view data) override {
    core::EnvelopeScratch scratch;
    const auto message = core::v2_serializer().decode_client(op, data, scratch);
    std::string answer;
    core::MessageView reply{.kind = core::MessageView::Kind::reply,
                            .join_ref = message->join_ref,
                            .ref = message->ref,
                            .topic = message->topic,
                            .event = "phx_reply",
                            .status = "ok"};
    ASSERT_TRUE(core::v2_serializer().encode(reply, answer));
    context_.post([&events = context_.events, answer] { events.on_message(core::Opcode::text, answer); });
  }
  void close(std::optional<std::uint16_t> code, std::string_view reason) override {
    log_.add("close " + std::to_string(code.value_or(0)) + " " + std::string(reason));
    context_.post([&events = context_.events] { events.on_close({.code = 1000, .clean = true}); });
  }
  std::size_t buffered_bytes() const override { return 0; }

 private:
  TransportContext context_;
  Seen<std::string>& log_;
};

TEST(ClientTransport, AUserMayBringTheTransport) {
  Seen<std::string> log;
  Socket socket("ws://example.test/socket",
                {.transport = [&](const TransportContext& context) { return std::make_unique<LoopTransport>(context, log); }});
  auto room = socket.channel("room:lobby");
  socket.connect();
  EXPECT_TRUE(get(room.join().future())->ok());
  EXPECT_TRUE(get(room.push("hello").future())->ok());
  get(socket.disconnect({.code = 4000, .reason = "bye"}));
  EXPECT_THAT(log.now(), ElementsAre("ws://example.test/socket/websocket?vsn=2.0.0", "close 4000 bye"));
}

TEST(ClientTransport, PushesCountUntilABlockedConnectionTakesThem) {  // issue 4, point 6
  Seen<std::string> log;
  std::function<void(bool)> block;
  SocketOptions options;
  options.max_pending_pushes = 2;
  options.transport = [&](const TransportContext& context) {
    block = [context](bool on) { context.post([&events = context.events, on] { events.on_blocked(on); }); };
    return std::make_unique<LoopTransport>(context, log);
  };
  Socket socket("ws://example.test/socket", options);
  auto room = socket.channel("room:lobby"), other = socket.channel("room:other");
  socket.connect();
  EXPECT_TRUE(get(room.join().future())->ok());
  block(true);
  EXPECT_TRUE(get(room.push("first").future())->ok());
  EXPECT_TRUE(get(room.push("second").future())->ok());
  EXPECT_EQ(get(room.push("third").future()).error(), Errc::queue_full);
  block(false);
  EXPECT_TRUE(get(other.join().future())->ok());  // never refused, and behind it
  EXPECT_TRUE(get(room.push("fourth").future())->ok());
  block(true);
  EXPECT_TRUE(get(room.push("fifth").future())->ok());
  EXPECT_TRUE(get(room.push("sixth").future())->ok());
  get(socket.disconnect());  // the connection is gone, and what waited for it
  socket.connect();
  EXPECT_TRUE(get(room.push("seventh").future())->ok());
}

TEST(ClientTransport, OneThatCannotBeMadeIsAFailedAttempt) {
  Seen<std::string> errors;
  SocketOptions options;
  options.transport = [](const TransportContext&) -> std::unique_ptr<Transport> { throw std::runtime_error("no radio"); };
  Socket socket("ws://example.test/socket", options);
  const auto on_error = socket.on_error([&](const ConnectionError& e) { errors.add(e.message); });
  socket.connect();
  EXPECT_EQ(errors.wait_for(1).front(), "the transport cannot open: no radio");
}

}  // namespace
}  // namespace phx::test
