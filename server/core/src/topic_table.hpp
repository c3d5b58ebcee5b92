#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <phx/core/serializer.hpp>
#include <phx/core/ws/frame.hpp>
#include <phx/server/outbox.hpp>
#include <phx/server/pubsub.hpp>

#include "call_pool.hpp"

namespace phx::server {
class Shard;
}

namespace phx::server::detail {

class ChannelsSession;
class Topic;
class TopicTable;

/// Keeps a topic (and its name) in its shard's table. Never leaves the shard.
class TopicRef {
 public:
  TopicRef() = default;
  explicit TopicRef(Topic* topic) noexcept;
  TopicRef(const TopicRef& other) noexcept : TopicRef(other.topic_) {}
  TopicRef(TopicRef&& other) noexcept : topic_(std::exchange(other.topic_, nullptr)) {}
  TopicRef& operator=(TopicRef other) noexcept {
    std::swap(topic_, other.topic_);
    return *this;
  }
  ~TopicRef();
  Topic* operator->() const noexcept { return topic_; }
  Topic& operator*() const noexcept { return *topic_; }
  explicit operator bool() const noexcept { return topic_ != nullptr; }

 private:
  Topic* topic_ = nullptr;
};

/// Where a member stands in its topic, so that leaving costs the same in a topic of two and of 15 000. Lives in the member.
class Registration {
 public:
  Registration() = default;
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration() { leave(); }
  void leave() noexcept;
  bool active() const noexcept { return topic_ != nullptr; }
  const Topic* topic() const noexcept { return topic_; }

 private:
  friend class Topic;
  static constexpr std::uint32_t structured_lane = UINT32_MAX;
  Topic* topic_ = nullptr;
  std::uint32_t lane_ = 0, index_ = 0;
};

/// Frames go straight to the outbox, past the channel (server.md 4.5).
struct Fastlane {
  const core::Serializer* serializer;
  Outbox* outbox;
  std::span<const std::string_view> intercepts = {};
};

class Topic {
 public:
  Topic(TopicTable& table, std::string_view name) : table_(table), name_(name) {}
  Topic(const Topic&) = delete;
  Topic& operator=(const Topic&) = delete;

  const std::string& name() const noexcept { return name_; }
  void join(Registration& member, Subscriber& who, const Fastlane& lane);
  /// Gets structured messages.
  void join(Registration& member, Subscriber& who);
  void dispatch(const Subscriber* from, std::string_view event, const Payload& payload);
  void end_turn() noexcept;

 private:
  friend class Registration;
  friend class TopicRef;
  struct Member {
    Outbox* outbox;
    Subscriber* who;
    Registration* registration;
  };
  struct Lane {
    const core::Serializer* serializer;
    std::uint8_t deflate_bits;  // 0: plain frames; else compressed once for all members, for a window of so many bits
    std::vector<Member> members = {};
    ChunkRef chunk = {};               // the frames of this turn
    std::uint32_t begin = 0, end = 0;  // the frame being delivered
    bool encoded = false;
  };
  /// Plain subscribers (no outbox), and channels that intercept something.
  struct Structured {
    Subscriber* who;
    Registration* registration;
    Fastlane lane;
  };

  Lane& lane_of(const Fastlane& lane);
  bool wants_structure(const Structured& member, std::string_view event) const noexcept;
  void encode(Lane& lane, std::string_view event, const Payload& payload);
  void append_payload(const Lane& lane, core::ws::FrameOp op, std::string_view body);
  void encode_all(const Subscriber* from, std::string_view event, const Payload& payload);
  void remove(const Registration& member) noexcept;

  TopicTable& table_;
  std::string name_;
  std::vector<Lane> lanes_;  // grows only
  std::vector<Structured> structured_;
  std::uint32_t refs_ = 0;
  bool open_ = false;  // some lane has a chunk of this turn
};

/// All topics of one shard that have somebody, and what the channels of the shard share.
class TopicTable {
 public:
  TopicTable(PubSub& pubsub, Shard& shard);
  TopicTable(const TopicTable&) = delete;
  TopicTable& operator=(const TopicTable&) = delete;

  PubSub& pubsub() const noexcept { return pubsub_; }
  Shard& shard() const noexcept { return shard_; }
  CallPool& calls() noexcept { return calls_; }
  /// For one encoding at a time.
  std::string& body() noexcept { return body_; }
  core::EnvelopeScratch& scratch() noexcept { return scratch_; }

  TopicRef acquire(std::string_view name);
  void dispatch(const Subscriber* from, std::string_view topic, std::string_view event, const Payload& payload);
  bool has(std::string_view topic) const noexcept { return topics_.contains(topic); }
  std::size_t size() const noexcept { return topics_.size(); }

  ChannelsSession* sessions = nullptr;  ///< first of a list that the sessions of the shard keep

 private:
  friend class Topic;
  friend class TopicRef;
  void end_turn();
  void forget(Topic* topic) noexcept;

  PubSub& pubsub_;
  Shard& shard_;
  CallPool calls_;
  std::string body_;
  core::EnvelopeScratch scratch_;
  std::unordered_map<std::string_view, std::unique_ptr<Topic>> topics_;  // keys live in the topics
  std::vector<TopicRef> open_;
};

}  // namespace phx::server::detail
