#include "monitor.hpp"

#include <utility>

namespace phx::client::detail {

void Monitor::connecting(core::OpenReason reason, core::TransportKind kind) {
  {
    const std::scoped_lock lock(mutex_);
    ++metrics_.attempts;
  }
  if (observer_) observer_->socket_connecting(reason, kind);
}

void Monitor::opened(std::uint32_t establishments) {
  {
    const std::scoped_lock lock(mutex_);
    ++metrics_.opens;
  }
  if (observer_) observer_->socket_opened(establishments);
}

void Monitor::closed(const ConnectionClosed& closed) {
  {
    const std::scoped_lock lock(mutex_);
    ++metrics_.closes;
  }
  if (observer_) observer_->socket_closed(closed);
}

void Monitor::error(const ConnectionError& error, bool bad_frame) {
  if (bad_frame) {
    const std::scoped_lock lock(mutex_);
    ++metrics_.bad_frames;
  }
  if (observer_) observer_->socket_error(error);
}

void Monitor::reconnecting(const Reconnecting& reconnecting) {
  {
    const std::scoped_lock lock(mutex_);
    ++metrics_.reconnects[reconnecting.why];
  }
  if (observer_) observer_->reconnect_scheduled(reconnecting);
}

void Monitor::heartbeat(Duration round_trip) {
  {
    const std::scoped_lock lock(mutex_);
    metrics_.heartbeats.record(round_trip);
  }
  if (observer_) observer_->heartbeat(round_trip);
}

void Monitor::frame_in(std::size_t bytes) {
  const std::scoped_lock lock(mutex_);
  ++metrics_.frames_in;
  metrics_.bytes_in += bytes;
}

void Monitor::frame_out(std::size_t bytes) {
  const std::scoped_lock lock(mutex_);
  ++metrics_.frames_out;
  metrics_.bytes_out += bytes;
}

void Monitor::channel_changed(const std::string& topic, ChannelState from, ChannelState to) {
  if (to == ChannelState::joined) {
    const std::scoped_lock lock(mutex_);
    ++topics_[topic].joins;
  }
  if (observer_) observer_->channel_changed(topic, from, to);
}

void Monitor::message(const std::string& topic, std::string_view event, std::size_t bytes) {
  {
    const std::scoped_lock lock(mutex_);
    auto& counters = topics_[topic];
    ++counters.messages;
    counters.message_bytes += bytes;
  }
  if (observer_) observer_->message_received(topic, event, bytes);
}

void Monitor::pushed(const std::string& topic, std::string_view event, std::size_t bytes) {
  {
    const std::scoped_lock lock(mutex_);
    auto& counters = topics_[topic];
    ++counters.pushes;
    counters.push_bytes += bytes;
  }
  if (observer_) observer_->pushed(topic, event, bytes);
}

void Monitor::replied(const std::string& topic, std::string_view event, std::string_view status, Duration took) {
  {
    const std::scoped_lock lock(mutex_);
    metrics_.replies.record(took);
    auto& counters = topics_[topic];
    ++counters.replies;
    if (status != "ok") ++counters.refusals;
  }
  if (observer_) observer_->push_replied(topic, event, status, took);
}

void Monitor::failed(const std::string& topic, std::string_view event, std::error_code why) {
  {
    const std::scoped_lock lock(mutex_);
    ++topics_[topic].failures;
  }
  if (observer_) observer_->push_failed(topic, event, why);
}

void Monitor::presence_failed(const std::string& topic, std::error_code why) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto of = topics_.find(topic); of != topics_.end()) ++of->second.presence_failures;  // it may come after forget()
  }
  if (observer_) observer_->presence_failed(topic, why);
}

void Monitor::forget(const std::string& topic) {
  const std::scoped_lock lock(mutex_);
  topics_.erase(topic);
}

void Monitor::depths(std::size_t waiting_pushes, std::size_t in_flight) {
  const std::scoped_lock lock(mutex_);
  metrics_.waiting_pushes = waiting_pushes;
  metrics_.in_flight = in_flight;
}

Metrics Monitor::snapshot() const {
  const std::scoped_lock lock(mutex_);
  Metrics out = metrics_;
  out.topics.insert(topics_.begin(), topics_.end());
  return out;
}

}  // namespace phx::client::detail
