#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <phx/core/serializer.hpp>
#include <phx/server/observer.hpp>
#include <phx/server/shard.hpp>

namespace phx::server::detail {

class ChannelsSession;
class ChannelActor;

/// How much may wait for one channel of a session; see ChannelSocketHandler::Options.
struct MailboxLimits {
  std::size_t client_messages, client_bytes, messages;
};

/// What outlives a session: shared by its channels and by SocketRefs on other threads, which only read `shard`.
struct SessionHandle {
  Shard& shard;
  const core::Serializer& serializer;
  Observer& observer;
  std::string transport;
  std::optional<std::string> id;
  MailboxLimits mailbox;
  Durations durations = Durations::none;  // those to measure
  ChannelsSession* session = nullptr;     // null once terminated; the shard's
};

/// The address of a channel for other threads, which only read `shard`.
struct ActorHandle {
  Shard& shard;
  ChannelActor* actor;  // null once destroyed; the shard's
};

}  // namespace phx::server::detail
