// Heartbeat, replies, broadcasts, bad frames, serializers: server.md 4 and 5.
#include "bench.hpp"
#include "checks.hpp"

namespace phx::conformance {
namespace {

void heartbeat(Bench& b) {
  Client c = b.connect();
  c.send(R"("3")", R"("4")", "phoenix", "heartbeat");
  const Message m = c.reply(R"("4")", "heartbeat");
  expect_equal(m.status, "ok", "status");
  expect_equal(m.payload, Json::object(), "response");
  expect_equal(m.topic, "phoenix", "topic");
  expect_equal(m.join_ref, null, "join_ref of the reply, also when one was sent");
}

void null_ref(Bench& b) {
  Client c = b.connect();
  c.send(null, null, "phoenix", "heartbeat");
  c.reply(null, "heartbeat without ref");
}

void ref_types(Bench& b) {
  Client c = b.connect();
  for (const std::string_view ref : {"7", R"("7")", "7.5", "true", R"("żółć")"}) {
    c.send(null, ref, "phoenix", "heartbeat");
    c.reply(ref, "ref of any JSON type is echoed as it is");
  }
}

void echo(Bench& b) {
  need(!b.is().echo_event.empty(), "no echo_event");
  Client c = b.connect();
  c.join(R"("1")", b.is().topic);
  const Json payload = Json::parse(R"({"n":9007199254740993,"text":"a\u0001\"\\\/ ż 😀","list":[1,null,true,[]],"deep":{"a":{"b":{}}}})");
  c.send(R"("1")", R"("2")", b.is().topic, b.is().echo_event, payload);
  const Message m = c.reply(R"("2")", "push");
  expect_equal(m.status, "ok", "status");
  expect_equal(m.join_ref, R"("1")", "join_ref of the reply");
  expect_equal(m.payload, payload, "the echoed payload");
}

void reply_order(Bench& b) {
  need(!b.is().echo_event.empty(), "no echo_event");
  Client c = b.connect();
  c.join(R"("1")", b.is().topic);
  for (int i = 2; i < 40; ++i) c.send(R"("1")", std::to_string(i), b.is().topic, b.is().echo_event, obj("i", i));
  for (int i = 2; i < 40; ++i) c.reply(std::to_string(i), "replies in the order of the pushes");
}

void stale_push(Bench& b) {
  need(!b.is().echo_event.empty(), "no echo_event");
  Client c = b.connect();
  c.join(R"("7")", b.is().topic);
  c.send("7", R"("2")", b.is().topic, b.is().echo_event);
  c.send(R"("0")", R"("3")", b.is().topic, b.is().echo_event);
  c.silence("pushes with another join_ref (\"7\" is not 7)");
}

void broadcast(Bench& b) {
  need(!b.is().broadcast_event.empty(), "no broadcast_event");
  Client sender = b.connect(), other = b.connect(), outside = b.connect();
  sender.join(R"("1")", b.is().topic);
  other.join(R"("8")", b.is().topic);
  outside.join(R"("1")", b.is().topic + "-elsewhere");
  sender.send(R"("1")", R"("2")", b.is().topic, b.is().broadcast_event, obj("body", "conformance"));
  for (Client* c : {&sender, &other}) {
    const Message m = c->next("broadcast");
    expect_equal(m.event, b.is().broadcast_event, "event of the broadcast");
    expect_equal(m.payload, obj("body", "conformance"), "payload of the broadcast");
    expect_equal(m.join_ref, null, "join_ref of a broadcast");
    expect_equal(m.ref, null, "ref of a broadcast");
  }
  outside.silence("a broadcast to another topic");
}

void bad_frame(Bench& b, std::string_view frame, core::Opcode op = core::Opcode::text) {
  Client c = b.connect();
  c.raw(frame, op);
  c.closes(1011, "frame " + std::string(frame));
}
void bad_json(Bench& b) { bad_frame(b, "[null,\"1\",\"phoenix\",\"heartbeat\",{"); }
void bad_shape(Bench& b) {
  bad_frame(b, R"([null,"1","phoenix","heartbeat"])");
  bad_frame(b, R"({"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"})");
}
void bad_kind(Bench& b) {
  need(b.is().binary, "binary is off");
  bad_frame(b,
            std::string_view("\x01\x00\x01\x01\x01"
                             "1te",
                             8),
            core::Opcode::binary);
}

void extra_elements(Bench& b) {
  Client c = b.connect();
  c.raw(R"([null,"1","phoenix","heartbeat",{},"extra",7])");
  c.reply(R"("1")", "further elements of a frame are ignored");
}

void too_large(Bench& b) {
  need(b.is().max_message_bytes > 0, "max_message_bytes is 0");
  Client c = b.connect();
  c.raw(R"([null,"1","phoenix","heartbeat",{"x":")" + std::string(b.is().max_message_bytes + 1000, 'x') + R"("}])");
  c.closes(1009, "a message beyond the limit");
}

void binary_echo(Bench& b) {
  need(b.is().binary && !b.is().echo_event.empty(), "binary is off, or no echo_event");
  Client c = b.connect();
  c.join(R"("1")", b.is().topic);
  const Json bytes = Json::binary({0, 255, 1, 254});
  c.send(R"("1")", R"("2")", b.is().topic, b.is().echo_event, bytes);
  const Message m = c.reply(R"("2")", "binary push");
  expect_equal(m.payload, bytes, "the echoed bytes");
  expect_equal(m.join_ref, R"("1")", "join_ref of the binary reply");
}

void binary_broadcast(Bench& b) {
  need(b.is().binary && !b.is().broadcast_event.empty(), "binary is off, or no broadcast_event");
  Client c = b.connect();
  c.join(R"("1")", b.is().topic);
  c.send(R"("1")", R"("2")", b.is().topic, b.is().broadcast_event, Json::binary({9, 8}));
  const Message m = c.next("binary broadcast");
  expect(m.is_binary, "a broadcast of bytes must be a binary frame, got " + m.text);
  expect_equal(m.payload, Json::binary({9, 8}), "payload");
}

void v1_messages(Bench& b) {
  need(b.is().v1, "v1 is off");
  Client c = b.connect("1.0.0");
  c.send(null, R"("1")", b.is().topic, "phx_join", b.is().join_payload);
  const Message m = c.reply(R"("1")", "join over V1");
  expect_equal(m.status, "ok", "status");
  const auto frame = parse_json(m.text);
  expect(frame && frame->is_object(), "a V1 frame is an object, got " + m.text);
  expect(!frame->contains("join_ref"), "a V1 frame has no join_ref: " + m.text);
  c.send(null, R"("2")", "phoenix", "heartbeat");
  c.reply(R"("2")", "heartbeat over V1");
}

void v1_missing_field(Bench& b) {
  need(b.is().v1, "v1 is off");
  Client c = b.connect("1.0.0");
  c.raw(R"({"topic":"phoenix","event":"heartbeat","payload":{}})");
  c.closes(1011, "a V1 frame without ref");
}

}  // namespace

std::vector<Check> message_checks() {
  return {
      {"heartbeat.reply", "server.md 5.1 #1", "heartbeat on topic phoenix: ok {}, same ref, join_ref null", heartbeat},
      {"heartbeat.null_ref", "server.md 5.1 #1", "a heartbeat without ref is answered without ref", null_ref},
      {"ref.any_type", "server.md 4.1", "a ref of any JSON type is echoed unchanged", ref_types},
      {"push.reply", "server.md 4.3", "the reply has join_ref, ref and the payload as it was", echo},
      {"push.order", "server.md 0.1", "replies come in the order of the pushes", reply_order},
      {"push.stale", "server.md 5.1 #9", "a push with another join_ref is dropped; types count", stale_push},
      {"broadcast.members", "server.md 4.3", "a broadcast reaches all members of its topic, nobody else, without refs", broadcast},
      {"frame.bad_json", "server.md 2.2", "malformed JSON closes with 1011", bad_json},
      {"frame.bad_shape", "server.md 4.3", "a frame that is no list of five closes with 1011", bad_shape},
      {"frame.extra", "server.md 4.3", "elements after the fifth are ignored", extra_elements},
      {"frame.too_large", "server.md 2.2", "a message beyond the limit closes with 1009", too_large},
      {"binary.push", "server.md 4.4", "bytes are pushed and answered as bytes", binary_echo},
      {"binary.broadcast", "server.md 4.4", "bytes are broadcast as a binary frame", binary_broadcast},
      {"binary.bad_kind", "server.md 4.4", "a binary frame of another kind than push closes with 1011", bad_kind},
      {"v1.messages", "server.md 4.2", "vsn 1.0.0 speaks objects without join_ref", v1_messages},
      {"v1.missing_field", "server.md 4.2", "a V1 message without ref closes with 1011", v1_missing_field},
  };
}

}  // namespace phx::conformance
