#include <phx/server/user_socket.hpp>

#include <stdexcept>

#include <phx/core/json.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/shard.hpp>

#include "channels_session.hpp"

namespace phx::server {

ConnectSocket& ConnectSocket::assign(std::string_view key, Json value) {
  assigns_.set(key, std::move(value));
  return *this;
}

bool ChannelPattern::matches(std::string_view topic) const noexcept {
  if (pattern.empty() || pattern.back() != '*') return topic == pattern;
  return topic.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
}

ConnectResult UserSocket::connect(const Json&, ConnectSocket&, const ConnectInfo&) const { return ConnectOk{}; }
std::optional<std::string> UserSocket::id(const ConnectSocket&) const { return std::nullopt; }

const ChannelPattern* UserSocket::find(std::string_view topic) const noexcept {
  for (const auto& pattern : patterns_)
    if (pattern.matches(topic)) return &pattern;
  return nullptr;
}

void UserSocket::channel(std::string pattern, ChannelFactory make, const Json* assigns) {
  const auto splat = pattern.find('*');
  if (splat != std::string::npos && splat + 1 != pattern.size())
    throw std::invalid_argument("channel \"" + pattern + "\": a splat is only allowed as the last character");
  ChannelPattern added{std::move(pattern), std::move(make), {}};
  if (assigns) added.assigns.merge(*assigns);
  patterns_.push_back(std::move(added));
}

ChannelSocketHandler::ChannelSocketHandler(std::shared_ptr<const UserSocket> socket, PubSub& pubsub)
    : ChannelSocketHandler(std::move(socket), pubsub, Options()) {}

ChannelSocketHandler::ChannelSocketHandler(std::shared_ptr<const UserSocket> socket, PubSub& pubsub, Options options)
    : socket_(std::move(socket)), pubsub_(pubsub), options_(std::move(options)) {
  if (!options_.observer) options_.observer = std::make_shared<Observer>();
}

tl::expected<std::unique_ptr<TransportSession>, ConnectRefused> ChannelSocketHandler::connect(const ConnectRequest& request,
                                                                                              Shard& shard) const {
  const Shard::Entered here(shard);
  const Durations durations = shard.durations(observer());
  const auto clock = [&] { return durations == Durations::none ? shard.now() : shard.clock(); };
  const Instant started = clock();
  ConnectSocket connecting(request.transport);
  const ConnectResult result = socket_->connect(request.params, connecting, request.info);
  const auto* refused = std::get_if<ConnectError>(&result);
  const Duration took = clock() - started;
  if (auto* measured = shard.stats().durations.get()) measured->connect.record(took);
  observer().socket_connected({socket_->name(), request.transport, request.serializer->phoenix_name(), request.params, request.info,
                               refused == nullptr, options_.log, took});
  if (refused) return tl::unexpected(ConnectRefused{refused->reason ? std::string(refused->reason->raw()) : std::string()});

  auto id = socket_->id(connecting);
  auto handle = std::make_shared<detail::SessionHandle>(
      detail::SessionHandle{shard,
                            *request.serializer,
                            observer(),
                            std::string(request.transport),
                            std::move(id),
                            {options_.max_waiting_messages, options_.max_waiting_bytes, options_.max_mailbox},
                            durations});
  return std::make_unique<detail::ChannelsSession>(*this, pubsub_.table(shard), std::move(handle), std::move(connecting).release());
}

}  // namespace phx::server
