// WebSocket frames, masks and UTF-8. Input that a run spoils (unmasking in place) is restored by a copy, which is measured too.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <phx/core/ws/frame.hpp>
#include <phx/core/ws/utf8.hpp>

using namespace phx::core::ws;

namespace {

constexpr std::uint32_t mask = 0x37fa213d;

std::string frames(std::size_t count, std::size_t payload_bytes) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) append_frame(bytes, FrameOp::text, std::string(payload_bytes, 'x'), mask);
  return bytes;
}

/// Arguments: frames in one buffer, payload bytes of each.
void bench_decode(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const std::string original = frames(count, static_cast<std::size_t>(state.range(1)));
  std::string buffer = original;
  Decoder decoder(Role::server);
  for (auto _ : state) {
    buffer.assign(original);
    decoder.feed(buffer);
    while (const auto event = decoder.next()) benchmark::DoNotOptimize(event);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(count) * state.iterations());
}
BENCHMARK(bench_decode)->Args({1, 128})->Args({64, 128})->Args({1, 65536});

/// A frame that arrives in two reads: one copy, two allocations.
void bench_decode_halves(benchmark::State& state) {
  const std::string original = frames(1, 128);
  std::string buffer = original;
  Decoder decoder(Role::server);
  for (auto _ : state) {
    buffer.assign(original);
    const std::span<char> bytes(buffer);
    decoder.feed(bytes.first(70));
    benchmark::DoNotOptimize(decoder.next());
    decoder.feed(bytes.subspan(70));
    while (const auto event = decoder.next()) benchmark::DoNotOptimize(event);
  }
}
BENCHMARK(bench_decode_halves);

void bench_unmask(benchmark::State& state) {
  std::string data(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    apply_mask(data, mask);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(bench_unmask)->Arg(128)->Arg(16384);

void check_utf8(benchmark::State& state, std::string_view unit) {
  std::string text;
  while (text.size() < 16384) text += unit;
  for (auto _ : state) benchmark::DoNotOptimize(Utf8Checker::check(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(check_utf8, ascii, "all of this is plain ASCII text. ");
BENCHMARK_CAPTURE(check_utf8, german, "Z\xC3\xBCrich gr\xC3\xBC\xC3\x9Ft die \xC3\x84rzte, alles andere ist ASCII. ");
BENCHMARK_CAPTURE(check_utf8, three_byte, "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E");
BENCHMARK_CAPTURE(check_utf8, four_byte, "\xF0\x9F\x98\x80");

void bench_header(benchmark::State& state) {
  auto length = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(length);
    benchmark::DoNotOptimize(make_header(FrameOp::text, length));
  }
}
BENCHMARK(bench_header)->Arg(100)->Arg(1000)->Arg(100000);

void bench_append_masked_frame(benchmark::State& state) {
  const std::string payload(128, 'x');
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_frame(out, FrameOp::text, payload, mask);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(bench_append_masked_frame);

}  // namespace

BENCHMARK_MAIN();
