// Presence replication: merging a whole state and a delta of N presences, extracting and carrying them; track and untrack of one.
#include <string>

#include <benchmark/benchmark.h>

#include <phx/core/json.hpp>

#include <phx/server/tracker.hpp>
#include <phx/server/tracker_message.hpp>

namespace {

using namespace phx;
using namespace phx::server;

const ReplicaRef a{"a", 1}, b{"b", 1};

TrackerState filled(std::int64_t presences) {
  TrackerState state(a);
  state.replica_up(b);
  const auto meta = std::make_shared<const Json>(obj("name", "Ada", "online_at", 1700000000, "phx_ref", "F1TzPCyLmN8AAAAB"));
  for (std::int64_t i = 0; i != presences; ++i) {
    const auto n = std::to_string(i);
    state.join(std::make_shared<const PresenceEntry>(
        PresenceEntry{static_cast<ActorId>(i + 1), "room:" + std::to_string(i % 50), "user:" + n, meta}));
  }
  return state;
}

void merge(benchmark::State& bench, const TrackerDelta& remote) {
  for (auto _ : bench) {
    bench.PauseTiming();
    auto receiver = std::make_unique<TrackerState>(b);
    receiver->replica_up(a);
    bench.ResumeTiming();
    auto changes = receiver->merge(remote);
    benchmark::DoNotOptimize(changes);
    bench.PauseTiming();
    receiver.reset();
    bench.ResumeTiming();
  }
  bench.SetItemsProcessed(bench.iterations() * bench.range(0));
}

const Clocks both{{a, 0}, {b, 0}};

void merge_whole_state(benchmark::State& bench) { merge(bench, filled(bench.range(0)).extract(b, both)); }
void merge_delta(benchmark::State& bench) { merge(bench, filled(bench.range(0)).take_delta()); }

void merge_nothing_new(benchmark::State& bench) {
  const auto remote = filled(bench.range(0)).extract(b, both);
  TrackerState receiver(b);
  receiver.replica_up(a);
  receiver.merge(remote);
  for (auto _ : bench) benchmark::DoNotOptimize(receiver.merge(remote));
  bench.SetItemsProcessed(bench.iterations() * bench.range(0));
}

void encode_state(benchmark::State& bench) {
  const TransferAck ack{a, 1, std::make_shared<const TrackerDelta>(filled(bench.range(0)).extract(b, both))};
  for (auto _ : bench) benchmark::DoNotOptimize(encode_tracker_message(ack));
  bench.counters["bytes"] = static_cast<double>(encode_tracker_message(ack).size());
  bench.SetItemsProcessed(bench.iterations() * bench.range(0));
}

void decode_state(benchmark::State& bench) {
  const auto bytes =
      encode_tracker_message(TransferAck{a, 1, std::make_shared<const TrackerDelta>(filled(bench.range(0)).extract(b, both))});
  for (auto _ : bench) benchmark::DoNotOptimize(decode_tracker_message(bytes));
  bench.SetItemsProcessed(bench.iterations() * bench.range(0));
}

/// On a node of its own, with that many others in the topic.
void track_and_untrack(benchmark::State& bench) {
  const auto tracker = make_local_tracker();
  const auto meta = obj("name", "Ada", "online_at", 1700000000);
  ActorId actor = 0;
  for (std::int64_t i = 0; i != bench.range(0); ++i) tracker->track(++actor, "room:lobby", "user:" + std::to_string(i), meta);
  for (auto _ : bench) {
    tracker->track(++actor, "room:lobby", "user:x", meta);
    tracker->untrack(actor);
  }
}

BENCHMARK(merge_whole_state)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);
BENCHMARK(merge_delta)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);
BENCHMARK(merge_nothing_new)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);
BENCHMARK(encode_state)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);
BENCHMARK(decode_state)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);
BENCHMARK(track_and_untrack)->Arg(1000)->Arg(10000);

}  // namespace

BENCHMARK_MAIN();
