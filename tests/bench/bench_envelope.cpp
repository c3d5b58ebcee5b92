// Envelopes of a 128-byte payload: decode (envelope and payload check in one pass), check, encode.
// Budgets: envelope <= 60 ns, check about 80 ns, no allocation.
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include <phx/core/json.hpp>
#include <phx/core/json_text.hpp>
#include <phx/core/serializer.hpp>

namespace {

using namespace phx;
using namespace phx::core;

/// 128 bytes: what a chat says, with several members.
const std::string payload =
    R"({"id":1,"user":"ada","room":"lobby","at":1700000000.25,"body":"good morning, how is everybody on this day?","ok":true,"n":[1,2]})";
const std::string text_payload = R"({"body":")" + std::string(117, 'x') + R"("})";

std::string v2_frame(const std::string& json) { return R"(["12","345","room:lobby","new_msg",)" + json + "]"; }
std::string v1_frame(const std::string& json) {
  return R"({"topic":"room:lobby","event":"new_msg","payload":)" + json + R"(,"ref":"345","join_ref":"12"})";
}

void decode(benchmark::State& state, const Serializer& serializer, const std::string& frame) {
  EnvelopeScratch scratch;
  for (auto _ : state) {
    auto view = serializer.decode_client(Opcode::text, frame, scratch);
    benchmark::DoNotOptimize(view);
  }
}

void v2_envelope_alone(benchmark::State& state) { decode(state, v2_serializer(), v2_frame("{}")); }
void v2_decode(benchmark::State& state) { decode(state, v2_serializer(), v2_frame(payload)); }
void v2_decode_one_string(benchmark::State& state) { decode(state, v2_serializer(), v2_frame(text_payload)); }
void v1_decode(benchmark::State& state) { decode(state, v1_serializer(), v1_frame(payload)); }

void check(benchmark::State& state, const std::string& json) {
  for (auto _ : state) benchmark::DoNotOptimize(check_json(json));
}
void check_payload(benchmark::State& state) { check(state, payload); }
void check_one_string(benchmark::State& state) { check(state, text_payload); }

void encode(benchmark::State& state, MessageView message) {
  message.join_ref = R"("12")";
  message.ref = R"("345")";
  message.topic = "room:lobby";
  message.event = "new_msg";
  message.status = "ok";
  message.payload = payload;
  std::string out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(v2_serializer().encode(message, out));
    benchmark::DoNotOptimize(out.data());
  }
}
void v2_encode_broadcast(benchmark::State& state) { encode(state, {.kind = MessageView::Kind::broadcast}); }
void v2_encode_reply(benchmark::State& state) { encode(state, {.kind = MessageView::Kind::reply}); }
void v2_encode_binary(benchmark::State& state) {
  encode(state, {.kind = MessageView::Kind::broadcast, .payload_kind = PayloadKind::binary});
}

void v2_decode_binary(benchmark::State& state) {
  const auto frame = std::string("\x00\x02\x03\x0A\x07", 5) + "12345room:lobbynew_msg" + payload;
  EnvelopeScratch scratch;
  for (auto _ : state) benchmark::DoNotOptimize(v2_serializer().decode_client(Opcode::binary, frame, scratch));
}

void parse_into_json(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(parse_json(payload));
}

BENCHMARK(v2_envelope_alone);
BENCHMARK(check_payload);
BENCHMARK(check_one_string);
BENCHMARK(v2_decode);
BENCHMARK(v2_decode_one_string);
BENCHMARK(v1_decode);
BENCHMARK(v2_encode_broadcast);
BENCHMARK(v2_encode_reply);
BENCHMARK(v2_encode_binary);
BENCHMARK(v2_decode_binary);
BENCHMARK(parse_into_json);

}  // namespace

BENCHMARK_MAIN();
