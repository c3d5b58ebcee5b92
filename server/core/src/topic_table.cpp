#include "topic_table.hpp"

#include <algorithm>
#include <stdexcept>

#include <phx/core/ws/deflate.hpp>
#include <phx/core/ws/frame.hpp>
#include <phx/server/shard.hpp>

namespace phx::server::detail {

namespace {

/// One turn's frames of a topic; more go into the next chunk.
constexpr std::size_t topic_chunk_limit = 256 * 1024;

}  // namespace

TopicRef::TopicRef(Topic* topic) noexcept : topic_(topic) {
  if (topic_) ++topic_->refs_;
}

TopicRef::~TopicRef() {
  if (topic_ && --topic_->refs_ == 0) topic_->table_.forget(topic_);
}

void Registration::leave() noexcept {
  if (!topic_) return;
  const TopicRef keep(std::exchange(topic_, nullptr));
  keep->remove(*this);
  --keep->refs_;  // the one taken by Topic::join
}

void Topic::join(Registration& member, Subscriber& who, const Fastlane& lane) {
  member.leave();
  if (!lane.intercepts.empty()) {
    member.lane_ = Registration::structured_lane;
    member.index_ = static_cast<std::uint32_t>(structured_.size());
    lane_of(lane);
    structured_.push_back({&who, &member, lane});
  } else {
    Lane& own = lane_of(lane);
    member.lane_ = static_cast<std::uint32_t>(&own - lanes_.data());
    member.index_ = static_cast<std::uint32_t>(own.members.size());
    own.members.push_back({lane.outbox, &who, &member});
  }
  member.topic_ = this;
  ++refs_;
}

void Topic::join(Registration& member, Subscriber& who) {
  member.leave();
  member.lane_ = Registration::structured_lane;
  member.index_ = static_cast<std::uint32_t>(structured_.size());
  structured_.push_back({&who, &member, {nullptr, nullptr, {}}});
  member.topic_ = this;
  ++refs_;
}

void Topic::remove(const Registration& member) noexcept {
  const auto take_out = [&](auto& members) {
    members[member.index_] = members.back();
    members[member.index_].registration->index_ = member.index_;
    members.pop_back();
    if (members.empty()) members.shrink_to_fit();
  };
  if (member.lane_ == Registration::structured_lane)
    take_out(structured_);
  else
    take_out(lanes_[member.lane_].members);
}

Topic::Lane& Topic::lane_of(const Fastlane& member) {
  const auto* deflate = member.outbox->deflate();
  const std::uint8_t bits = deflate ? deflate->shared_window_bits() : std::uint8_t{0};
  for (Lane& lane : lanes_)
    if (lane.serializer == member.serializer && lane.deflate_bits == bits) return lane;
  lanes_.reserve(lanes_.size() + 1);
  return lanes_.emplace_back(Lane{member.serializer, bits});
}

bool Topic::wants_structure(const Structured& member, std::string_view event) const noexcept {
  return !member.lane.outbox || std::ranges::find(member.lane.intercepts, event) != member.lane.intercepts.end();
}

/// Everything is encoded before anybody gets anything: an unencodable payload fails the broadcaster.
void Topic::encode_all(const Subscriber* from, std::string_view event, const Payload& payload) {
  for (Lane& lane : lanes_) {
    lane.encoded = false;
    if (!lane.members.empty()) encode(lane, event, payload);
  }
  for (const Structured& member : structured_) {
    if (member.who == from || wants_structure(member, event)) continue;
    Lane& lane = lane_of(member.lane);
    if (!lane.encoded) encode(lane, event, payload);
  }
}

void Topic::encode(Lane& lane, std::string_view event, const Payload& payload) {
  std::string& body = table_.body();
  body.clear();
  const core::MessageView message{
      .kind = core::MessageView::Kind::broadcast, .topic = name_, .event = event, .payload = payload.raw(), .payload_kind = payload.kind()};
  const auto opcode = lane.serializer->encode(message, body);
  if (!opcode) throw std::invalid_argument("broadcast of " + std::string(event) + ": " + opcode.error().message());
  if (!lane.chunk || lane.chunk->bytes.size() > topic_chunk_limit) lane.chunk = ChunkRef::make();
  if (!std::exchange(open_, true)) table_.open_.emplace_back(this);
  lane.begin = static_cast<std::uint32_t>(lane.chunk->bytes.size());
  append_payload(lane, static_cast<core::ws::FrameOp>(*opcode), body);
  lane.end = static_cast<std::uint32_t>(lane.chunk->bytes.size());
  lane.encoded = true;
}

void Topic::append_payload(const Lane& lane, core::ws::FrameOp op, std::string_view body) {
  std::string& bytes = lane.chunk->bytes;
  if (lane.deflate_bits == 0) return core::ws::append_frame(bytes, op, body);
  core::ws::DeflateContext& context = table_.shard_.deflate();
  std::string& deflated = context.deflated();
  context.fresh_deflater(lane.deflate_bits).deflate(body, deflated);
  core::ws::append_frame(bytes, op, deflated, {}, true, true);
}

void Topic::dispatch(const Subscriber* from, std::string_view event, const Payload& payload) {
  encode_all(from, event, payload);
  std::uint64_t& sent = table_.shard_.stats().messages_out;
  for (const Lane& lane : lanes_) {
    for (const Member& member : lane.members)
      if (member.who != from) member.outbox->push(lane.chunk, lane.begin, lane.end);
    sent += lane.members.size();
  }
  BroadcastPtr message;
  for (const Structured& member : structured_) {
    if (member.who == from) continue;
    if (wants_structure(member, event)) {
      if (!message) message = std::make_shared<const Broadcast>(Broadcast{name_, std::string(event), payload});
      member.who->on_broadcast(message);
    } else {
      const Lane& lane = lane_of(member.lane);
      member.lane.outbox->push(lane.chunk, lane.begin, lane.end);
      ++sent;
    }
  }
}

void Topic::end_turn() noexcept {
  open_ = false;
  for (Lane& lane : lanes_) lane.chunk = {};
}

TopicTable::TopicTable(PubSub& pubsub, Shard& shard) : pubsub_(pubsub), shard_(shard) {
  shard.at_turn_end([this] { end_turn(); });
}

TopicRef TopicTable::acquire(std::string_view name) {
  const auto found = topics_.find(name);
  if (found != topics_.end()) return TopicRef(found->second.get());
  auto topic = std::make_unique<Topic>(*this, name);
  const std::string_view key = topic->name();
  return TopicRef(topics_.emplace(key, std::move(topic)).first->second.get());
}

void TopicTable::dispatch(const Subscriber* from, std::string_view topic, std::string_view event, const Payload& payload) {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return;
  const TopicRef keep(found->second.get());
  keep->dispatch(from, event, payload);
}

void TopicTable::end_turn() {
  for (const TopicRef& topic : open_) topic->end_turn();
  open_.clear();
}

void TopicTable::forget(Topic* topic) noexcept { topics_.erase(topics_.find(topic->name())); }

}  // namespace phx::server::detail
