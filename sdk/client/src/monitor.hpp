#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>

#include <phx/client/metrics.hpp>
#include <phx/client/observer.hpp>
#include <phx/client/options.hpp>

namespace phx::client::detail {

/// Counts what a session does and tells the observer. Everything but snapshot() is called on the strand.
class Monitor {
 public:
  explicit Monitor(std::shared_ptr<Observer> observer) noexcept : observer_(std::move(observer)) {}

  void connecting(core::OpenReason reason, core::TransportKind kind);
  void opened(std::uint32_t establishments);
  void closed(const ConnectionClosed& closed);
  void error(const ConnectionError& error, bool bad_frame);
  void reconnecting(const Reconnecting& reconnecting);
  void heartbeat(Duration round_trip);
  void frame_in(std::size_t bytes);
  void frame_out(std::size_t bytes);
  void channel_changed(const std::string& topic, ChannelState from, ChannelState to);
  void message(const std::string& topic, std::string_view event, std::size_t bytes);
  void pushed(const std::string& topic, std::string_view event, std::size_t bytes);
  void replied(const std::string& topic, std::string_view event, std::string_view status, Duration took);
  void failed(const std::string& topic, std::string_view event, std::error_code why);
  void presence_failed(const std::string& topic, std::error_code why);
  /// The last channel of the topic is gone.
  void forget(const std::string& topic);
  void depths(std::size_t waiting_pushes, std::size_t in_flight);

  /// Any thread.
  Metrics snapshot() const;

 private:
  const std::shared_ptr<Observer> observer_;  // with the options of the socket
  mutable std::mutex mutex_;                  // guards all below
  Metrics metrics_;                           // topics are below
  std::unordered_map<std::string, TopicMetrics> topics_;
};

}  // namespace phx::client::detail
