// Server core without sockets: ns per delivery of a broadcast, echo through a session, heap of an idle joined connection.

#include <malloc.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <phx/core/json.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/shard.hpp>
#include <phx/server/socket.hpp>
#include <phx/server/user_socket.hpp>

namespace phx::server {
namespace {

class Room final : public Channel {
 public:
  JoinResult join(std::string_view, const Json&, Socket&) override { return JoinOk{}; }
  HandleResult handle_in(std::string_view event, const Payload& payload, Socket& socket) override {
    if (event == "ping") return Reply::ok(payload);
    socket.broadcast(event, payload);
    return NoReply{};
  }
};

struct RoomSocket : UserSocket {
  RoomSocket() { channel<Room>("room:*"); }
};

/// A carrier whose client reads everything at once.
struct Member final : TransportLink {
  Member(const ChannelSocketHandler& handler, Shard& shard) : outbox_(shard.dirty()) {
    const Json params = Json::object();
    session = handler.connect({params, {}, "websocket", &core::v2_serializer()}, shard).value();
    session->init(*this, {});
    session->handle_in(Opcode::text, R"(["1","1","room:lobby","phx_join",{}])", {});
  }
  Outbox& outbox() noexcept override { return outbox_; }
  void close(std::uint16_t, std::string_view) override {}
  void pause_reading() override {}
  void resume_reading() override {}
  Outbox outbox_;
  std::unique_ptr<TransportSession> session;
};

struct Hall {
  explicit Hall(std::size_t size) {
    pubsub.attach(shard);
    members.reserve(size);
    while (members.size() < size) members.push_back(std::make_unique<Member>(handler, shard));
    flush();
  }
  void flush() {
    shard.run();
    for (Outbox* outbox : shard.dirty().outboxes) {
      bytes += outbox->bytes();
      outbox->consume(outbox->bytes());
      outbox->clean();
    }
    shard.dirty().outboxes.clear();
  }
  PubSub pubsub;
  Shard shard{0};
  ChannelSocketHandler handler{std::make_shared<RoomSocket>(), pubsub};
  std::vector<std::unique_ptr<Member>> members;
  std::size_t bytes = 0;
};

const std::string text(100, 'x');
const std::string message = R"(["1","2","room:lobby","new_msg",{"body":")" + text + R"("}])";
const std::string ping = R"(["1","2","room:lobby","ping",{"body":")" + text + R"("}])";

/// range(0) members, range(1) broadcasts per turn. Items are deliveries.
void fanout(benchmark::State& state) {
  Hall hall(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    for (int i = 0; i < state.range(1); ++i) hall.members.front()->session->handle_in(Opcode::text, message, {});
    hall.flush();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * state.range(1));
}
BENCHMARK(fanout)->Args({1000, 1})->Args({1000, 64})->Args({15000, 1})->Args({15000, 64});

void echo(benchmark::State& state) {
  Hall hall(1);
  for (auto _ : state) {
    for (int i = 0; i < state.range(0); ++i) hall.members.front()->session->handle_in(Opcode::text, ping, {});
    hall.flush();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(echo)->Arg(1)->Arg(16);

void join_and_leave(benchmark::State& state) {
  Hall hall(1000);
  for (auto _ : state) {
    const Member member(hall.handler, hall.shard);
    hall.flush();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(join_and_leave);

/// Heap of session, channel and subscription; the carrier's own part is not counted.
void idle_memory(benchmark::State& state) {
  constexpr std::size_t count = 10'000;
  std::size_t used = 0;
  for (auto _ : state) {
    const std::size_t before = mallinfo2().uordblks;  // allocator's overhead included
    const Hall hall(count);
    used = mallinfo2().uordblks - before - count * (sizeof(Member) + 2 * sizeof(void*));
  }
  state.counters["bytes_per_member"] = static_cast<double>(used) / static_cast<double>(count);
}
BENCHMARK(idle_memory)->Iterations(1);

}  // namespace
}  // namespace phx::server

BENCHMARK_MAIN();
