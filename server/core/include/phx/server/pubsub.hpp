#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <phx/server/payload.hpp>

namespace phx::server {

class Observer;
class Shard;
namespace detail {
class TopicTable;
}

/// A message of a topic as plain subscribers get it: structured, not encoded (server.md 6.6).
struct Broadcast {
  std::string topic, event;
  Payload payload;
};
using BroadcastPtr = std::shared_ptr<const Broadcast>;

/// Somebody who can be subscribed. Lives on one shard.
class Subscriber {
 public:
  /// Called while the topic is being walked: note the message and act later (Shard::defer).
  virtual void on_broadcast(const BroadcastPtr& message) = 0;

 protected:
  ~Subscriber() = default;
};

/// What carries broadcasts to other nodes (server.md 7.2). Called from any shard's thread.
class PubSubAdapter {
 public:
  virtual ~PubSubAdapter() = default;
  virtual std::string_view node_name() const noexcept = 0;
  virtual std::error_code broadcast(std::string_view topic, std::string_view event, const Payload& payload) = 0;
  virtual std::error_code direct_broadcast(std::string_view node, std::string_view topic, std::string_view event,
                                           const Payload& payload) = 0;
};

/// The topics of one node. Each shard has a table of its own members; a broadcast reaches the members of the calling shard at once
/// and is posted once to each other shard. Order from one shard to one subscriber is the order of the calls.
/// Channels get their fastlane: one encoding per serializer, topic and call, shared by all members (server.md 4.5).
class PubSub {
 public:
  explicit PubSub(std::string name = "PubSub");
  ~PubSub();
  PubSub(const PubSub&) = delete;
  PubSub& operator=(const PubSub&) = delete;

  const std::string& name() const noexcept;
  /// Before the shards start; every shard once, in any order. This object outlives the shards.
  void attach(Shard& shard);
  /// Before the shards start; not owned.
  void use(PubSubAdapter& adapter);
  /// Told of broadcasts that members of another shard cannot be given. Before the shards start; not owned.
  void use(Observer& observer);
  Observer& observer() const noexcept;

  // From any thread. Errors come from the adapter; then nothing was delivered here either. Throws std::invalid_argument for a
  // payload that is neither an object nor bytes, or that a member on the calling shard cannot be given (server.md 4.5).
  std::error_code broadcast(std::string_view topic, std::string_view event, const Payload& payload);
  void local_broadcast(std::string_view topic, std::string_view event, const Payload& payload);
  /// To one node, through the adapter; an unknown node is silently fine. Without an adapter there is one node, `local_node_name`.
  static constexpr std::string_view local_node_name = "local";
  std::error_code direct_broadcast(std::string_view node, std::string_view topic, std::string_view event, const Payload& payload);
  // On the shard of `from`, which is left out.
  std::error_code broadcast_from(const Subscriber& from, std::string_view topic, std::string_view event, const Payload& payload);
  void local_broadcast_from(const Subscriber& from, std::string_view topic, std::string_view event, const Payload& payload);

  /// A plain subscription, ended by destroying it. `told` runs on `shard`, from its mailbox. Subscribe and destroy on that shard
  /// (or while it does not run).
  class Subscription;
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(Shard& shard, std::string_view topic, std::function<void(const Broadcast&)> told);

  /// The topics of one shard. Internal.
  detail::TopicTable& table(const Shard& shard);
  /// How many shards are attached, and each of them. Internal.
  const std::vector<Shard*>& shards() const noexcept;

 private:
  void dispatch(const Subscriber* from, std::string_view topic, std::string_view event, const Payload& payload);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class PubSub::Subscription {
 public:
  virtual ~Subscription() = default;
};

}  // namespace phx::server
