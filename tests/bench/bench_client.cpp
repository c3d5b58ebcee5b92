// The client machines: what a received broadcast costs, and presence diffs. Budget: design.md section 6.
#include <benchmark/benchmark.h>

#include <phx/core/client/presence.hpp>
#include <phx/core/client/socket_core.hpp>
#include <phx/core/ws/websocket_core.hpp>

#include <string>

namespace {

using namespace phx::core;

std::string metas(int i, const char* ref) {
  const std::string n = std::to_string(i);
  return R"("user-)" + n + R"(":{"metas":[{"online_at":1700000000,"phx_ref":")" + ref + n + R"("}]})";
}

std::string state_json(int users) {
  std::string out = "{";
  for (int i = 0; i < users; ++i) out += (i == 0 ? "" : ",") + metas(i, "a");
  return out + "}";
}

/// One user comes, one goes: the usual diff.
void BM_PresenceDiff(benchmark::State& state) {
  const int users = static_cast<int>(state.range(0));
  PresenceCore presence;
  PresenceEffects effects;
  presence.on_message("presence_state", state_json(users), Ref{1}, effects);
  const std::string come = R"({"joins":{)" + metas(users, "b") + R"(},"leaves":{}})";
  const std::string go = R"({"joins":{},"leaves":{)" + metas(users, "b") + "}}";
  for (auto _ : state) {
    effects.clear();
    presence.on_message("presence_diff", come, Ref{1}, effects);
    presence.on_message("presence_diff", go, Ref{1}, effects);
    benchmark::DoNotOptimize(effects.data());
  }
  state.SetItemsProcessed(state.iterations() * 2);
}
BENCHMARK(BM_PresenceDiff)->Arg(10)->Arg(1000)->Arg(10'000);

void BM_PresenceState(benchmark::State& state) {
  const std::string json = state_json(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    PresenceCore presence;
    PresenceEffects effects;
    presence.on_message("presence_state", json, Ref{1}, effects);
    benchmark::DoNotOptimize(effects.data());
  }
}
BENCHMARK(BM_PresenceState)->Arg(10)->Arg(1000);

/// Frames off the wire, `n` at a time, through WebSocketCore and SocketCore to the effect that a handler would get.
void BM_ReceiveBroadcasts(benchmark::State& state) {
  SeededJitter jitter{1};
  SocketEnv env{SocketConfig{}, jitter};
  SocketCore socket{env};
  Effects effects;
  const phx::Instant now{};
  const ChannelId room = socket.create_channel({.topic = "room:lobby", .params = "{}", .timeout = std::nullopt});
  socket.connect(now, effects);
  const Generation generation = std::get<OpenTransport>(effects.at(0)).generation;
  socket.transport_opened(generation, now, effects);
  socket.join(room, std::nullopt, now, effects);

  const std::string body = R"([null,null,"room:lobby","new_msg",{"body":")" + std::string(100, 'x') + R"("}])";
  std::string wire;
  for (int i = 0; i < state.range(0); ++i) ws::append_frame(wire, ws::FrameOp::text, body);
  const ws::Limits limits;
  ws::WebSocketCore frames{ws::Role::client, limits, [] { return 0U; }};
  std::string out;
  for (auto _ : state) {
    frames.feed(wire, now);  // a server's frames are not masked: the bytes stay as they are
    while (const auto event = frames.next(now, out)) {
      effects.clear();
      const auto& message = std::get<ws::WebSocketCore::Message>(*event);
      socket.transport_message(generation, message.op, message.data, now, effects);
      benchmark::DoNotOptimize(effects.data());
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_ReceiveBroadcasts)->Arg(1)->Arg(32);

}  // namespace

BENCHMARK_MAIN();
