// The PubSub functions of an endpoint; their rules are tested in unit/server_core.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <phx/server/endpoint.hpp>

namespace phx::server {
namespace {

struct Nobody final : Subscriber {
  void on_broadcast(const BroadcastPtr&) override {}
};

// issue 3.6; server.md 6.6
TEST(EndpointPubSub, BroadcastsFromAnyThreadReachAllWorkers) {
  PubSub pubsub;
  std::mutex mutex;  // guards heard
  std::multiset<std::string> heard;
  std::promise<void> complete;
  EndpointOptions options;
  options.workers = 2;
  options.pubsub = &pubsub;
  Endpoint endpoint(std::move(options));
  std::vector<std::unique_ptr<PubSub::Subscription>> subscriptions;
  for (std::size_t i = 0; i < endpoint.workers(); ++i)
    subscriptions.push_back(endpoint.subscribe(endpoint.shard(i), "room:a", [&](const Broadcast& b) {
      const std::lock_guard lock(mutex);
      heard.insert(b.event);
      if (heard.size() == 8) complete.set_value();
    }));
  ASSERT_TRUE(endpoint.start());
  std::thread foreign([&] {
    EXPECT_FALSE(endpoint.broadcast("room:a", "all", {}));
    endpoint.local_broadcast("room:a", "local", {});
    endpoint.broadcast("room:b", "elsewhere", {});
  });
  foreign.join();
  Nobody nobody;
  endpoint.shard(0).post([&] {
    EXPECT_FALSE(endpoint.broadcast_from(nobody, "room:a", "from", {}));
    endpoint.local_broadcast_from(nobody, "room:a", "local from", {});
  });
  EXPECT_EQ(complete.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  endpoint.stop();
  EXPECT_EQ(heard, (std::multiset<std::string>{"all", "all", "from", "from", "local", "local", "local from", "local from"}));
}

// server.md 6.6: without a PubSub these raise
TEST(EndpointPubSub, WithoutOneThereIsNobodyToTell) {
  EndpointOptions options;
  options.workers = 1;
  Endpoint endpoint(std::move(options));
  EXPECT_THROW(endpoint.broadcast("room:a", "all", {}), std::logic_error);
  EXPECT_THROW(endpoint.local_broadcast("room:a", "all", {}), std::logic_error);
  EXPECT_THROW(endpoint.subscribe(endpoint.shard(0), "room:a", {}).reset(), std::logic_error);
}

}  // namespace
}  // namespace phx::server
