#include <phx/server/introspection.hpp>

#include <iterator>
#include <memory>
#include <utility>

#include <phx/server/pubsub.hpp>
#include <phx/server/shard.hpp>

#include "channels_session.hpp"

namespace phx::server {

std::vector<SocketInfo> list_sockets(PubSub& pubsub, const Shard& shard) {
  std::vector<SocketInfo> out;
  for (auto* session = pubsub.table(shard).sessions; session != nullptr; session = session->next()) out.push_back(session->info());
  return out;
}

namespace {

/// Goes from shard to shard and collects.
struct Round : std::enable_shared_from_this<Round> {
  Round(PubSub& sockets_of, std::function<void(std::vector<SocketInfo>)> then) : pubsub(sockets_of), told(std::move(then)) {}

  void visit(std::size_t index) {
    Shard& shard = *pubsub.shards()[index];
    shard.post([self = shared_from_this(), &shard, index] {
      auto some = list_sockets(self->pubsub, shard);
      std::ranges::move(some, std::back_inserter(self->found));
      if (index + 1 < self->pubsub.shards().size()) return self->visit(index + 1);
      self->told(std::move(self->found));
    });
  }

  PubSub& pubsub;
  std::function<void(std::vector<SocketInfo>)> told;
  std::vector<SocketInfo> found;
};

}  // namespace

void list_sockets(PubSub& pubsub, std::function<void(std::vector<SocketInfo>)> told) {
  if (pubsub.shards().empty()) return told({});
  std::make_shared<Round>(pubsub, std::move(told))->visit(0);
}

std::optional<SocketInfo> socket_of(const ChannelRef& channel) {
  const auto* actor = channel.actor_ ? channel.actor_->actor : nullptr;
  if (actor == nullptr || actor->ended() || actor->session().session == nullptr) return std::nullopt;
  return actor->session().session->info();
}

}  // namespace phx::server
