#pragma once

#include <phx/server/presence.hpp>

#include "accounts.hpp"
#include "chat.hpp"
#include "credentials.hpp"
#include "games.hpp"
#include "monitoring.hpp"
#include "notifications.hpp"
#include "orders.hpp"
#include "organizations.hpp"

namespace phx::app {

/// What controllers and channels stand on. All of it outlives them and is thread-safe; what blocks says so.
struct Contexts {
  Accounts& accounts;
  Chat& chat;
  Games& games;
  Notifications& notifications;
  Organizations& organizations;
  Orders& orders;
  Monitoring& monitoring;
  Credentials& credentials;
  server::Presence& presence;
  server::PubSub& pubsub;
};

}  // namespace phx::app
