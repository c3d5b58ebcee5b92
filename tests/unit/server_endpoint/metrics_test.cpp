// /metrics: figures of all workers, added up when somebody asks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <phx/server/endpoint.hpp>
#include <phx/server/metrics.hpp>

#include "client.hpp"

namespace phx::server {
namespace {

using test::Client;
using testing::HasSubstr;
using testing::Not;

TEST(MetricsText, ShowsFiguresByTransportStatusAndRoute) {
  EndpointStats stats;
  stats.websocket = {.now = 3, .total = 9};
  stats.upgrades_refused[403] = 2;
  stats.count_request("/items/:id", 200);
  stats.joins_ok = 4;
  stats.merged = 63;
  const auto text = metrics_text(stats);
  EXPECT_THAT(text, HasSubstr("# TYPE phx_sockets gauge\nphx_sockets{transport=\"websocket\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("phx_sockets_total{transport=\"websocket\"} 9\n"));
  EXPECT_THAT(text, HasSubstr("phx_upgrades_refused_total{status=\"403\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("phx_http_requests_total{route=\"/items/:id\",status=\"200\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("phx_joins_total{result=\"ok\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("phx_frames_merged_total 63\n"));
  EXPECT_THAT(text, Not(HasSubstr("_seconds")));  // nobody measured
}

TEST(MetricsText, HistogramsAreInSecondsAndCumulative) {
  EndpointStats stats;
  stats.durations = std::make_unique<ShardDurations>();
  stats.durations->join.record(std::uint64_t{20'000});     // 20 us
  stats.durations->join.record(std::uint64_t{3'000'000});  // 3 ms
  const auto text = metrics_text(stats);
  EXPECT_THAT(text, HasSubstr("phx_channel_join_seconds_count 2\n"));
  EXPECT_THAT(text, HasSubstr("phx_channel_join_seconds_bucket{le=\"1e-05\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("phx_channel_join_seconds_bucket{le=\"0.001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("phx_channel_join_seconds_bucket{le=\"+Inf\"} 2\n"));
}

TEST(Metrics, AScrapeOnAListenerOfItsOwnSeesAllWorkers) {
  EndpointOptions options;
  options.workers = 2;
  Endpoint endpoint(std::move(options));
  const Metrics metrics(endpoint);
  ASSERT_TRUE(endpoint.start());
  EndpointOptions own;
  own.workers = 1;
  own.plugs = {metrics.plug()};
  Endpoint listener(std::move(own));
  ASSERT_TRUE(listener.start());

  Client one(endpoint.port()), two(endpoint.port());
  for (auto* client : {&one, &two}) {
    client->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client->read_until("\r\n\r\n");
  }
  Client scraper(listener.port());
  scraper.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const auto answer = scraper.read_all();
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200 OK"));
  EXPECT_THAT(answer, HasSubstr("content-type: text/plain; version=0.0.4; charset=utf-8"));
  EXPECT_THAT(answer, HasSubstr("\nphx_connections 2\n"));
  EXPECT_THAT(answer, HasSubstr("\nphx_workers 2\n"));
  EXPECT_THAT(answer, HasSubstr("phx_bytes_total{direction=\"in\"} 54\n"));
  EXPECT_THAT(answer, HasSubstr("phx_turn_seconds_count"));
}

TEST(Metrics, AreACollectableForOtherExposers) {
  EndpointOptions options;
  options.workers = 2;
  Endpoint endpoint(std::move(options));
  const Metrics metrics(endpoint);
  EXPECT_TRUE(endpoint.start());
  const auto families = metrics.Collect();
  EXPECT_TRUE(std::ranges::any_of(families, [](const auto& family) { return family.name == "phx_turn_seconds"; }));
}

}  // namespace
}  // namespace phx::server
