#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <phx/server/socket.hpp>

/// Who is connected, for debugging and admin pages: Phoenix.Debug (server.md 6.7).
namespace phx::server {

class PubSub;

struct ChannelInfo {
  enum class Status : std::uint8_t { joined, leaving };
  std::string topic;
  ChannelRef channel;
  Status status = Status::joined;
};

/// A connected channels socket as it was when asked.
struct SocketInfo {
  std::string handler;  ///< UserSocket::name()
  std::string transport;
  std::optional<std::string> id;
  std::vector<ChannelInfo> channels;
};

/// Those of one worker. On its thread.
std::vector<SocketInfo> list_sockets(PubSub& pubsub, const Shard& shard);
/// Those of the whole endpoint, whose shards must be running. From any thread; `told` runs on one of the workers.
void list_sockets(PubSub& pubsub, std::function<void(std::vector<SocketInfo>)> told);
/// The socket that a channel belongs to; none: it has ended. On the channel's shard.
std::optional<SocketInfo> socket_of(const ChannelRef& channel);

}  // namespace phx::server
