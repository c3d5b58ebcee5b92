// A transport of your own: here a server in the same process, without a network. A radio, a pipe or a test double looks the same.
#include <phx/client.hpp>
#include <phx/core/serializer.hpp>

#include <iostream>
#include <string>

/// Answers joins, pushes and leaves with "ok" and what it was sent.
class EchoTransport final : public phx::client::Transport {
 public:
  explicit EchoTransport(const phx::client::TransportContext& context) : context_(context) {}

  void open(const phx::client::ConnectRequest& request) override {
    std::cout << "open " << request.url << '\n';
    tell([](auto& events) { events.on_open({}); });
  }

  void send(phx::core::Opcode opcode, std::string_view data) override {  // one whole message; data is borrowed for the call
    phx::core::EnvelopeScratch scratch;
    const auto message = phx::core::v2_serializer().decode_client(opcode, data, scratch);
    if (!message) return fail(message.error());
    const phx::core::MessageView reply{.kind = phx::core::MessageView::Kind::reply,
                                       .join_ref = message->join_ref,
                                       .ref = message->ref,
                                       .topic = message->topic,
                                       .event = "phx_reply",
                                       .status = "ok",
                                       .payload = message->payload,
                                       .payload_kind = message->payload_kind};
    std::string answer;
    const auto encoded = phx::core::v2_serializer().encode(reply, answer);
    if (!encoded) return fail(encoded.error());
    tell([answer, op = *encoded](auto& events) { events.on_message(op, answer); });
  }

  void close(std::optional<std::uint16_t> code, std::string_view) override {
    tell([code](auto& events) { events.on_close({.code = code.value_or(1000), .clean = true}); });
  }

  std::size_t buffered_bytes() const override { return 0; }  // nothing waits here

 private:
  /// Never from inside a call of the client: a task of its own. A task that comes after the end of the transport is dropped.
  template <class F>
  void tell(F news) {
    context_.post([&events = context_.events, news = std::move(news)] { news(events); });
  }
  void fail(std::error_code why) {
    tell([why](auto& events) {
      events.on_error({.code = why});
      events.on_close({.code = 1006, .why = why});
    });
  }

  phx::client::TransportContext context_;
};

int main() {
  phx::Socket socket("ws://no.network/socket",
                     {.transport = [](const phx::client::TransportContext& context) { return std::make_unique<EchoTransport>(context); }});
  socket.connect();
  phx::Channel room = socket.channel("room:lobby");
  const auto joined = room.join().future().get();
  std::cout << "join " << joined->status << '\n';
  std::cout << "echo " << room.push("hello", phx::RawJson{R"({"to":"world"})"}).future().get()->response.text() << '\n';
  socket.disconnect().wait();
}
