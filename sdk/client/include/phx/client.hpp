#pragma once

#include <phx/client/channel.hpp>
#include <phx/client/credentials.hpp>
#include <phx/client/event.hpp>
#include <phx/client/metrics.hpp>
#include <phx/client/observer.hpp>
#include <phx/client/options.hpp>
#include <phx/client/payload.hpp>
#include <phx/client/presence.hpp>
#include <phx/client/push.hpp>
#include <phx/client/push_store.hpp>
#include <phx/client/receiver.hpp>
#include <phx/client/rest.hpp>
#include <phx/client/runtime.hpp>
#include <phx/client/socket.hpp>
#include <phx/client/subscription.hpp>
#include <phx/client/transport.hpp>
#include <phx/client/url.hpp>

/// The names of Phoenix's client, directly in `phx`. Not together with <phx/server.hpp>: a file that needs both ends includes
/// single headers and writes phx::client::Channel.
namespace phx {
using namespace client;
}  // namespace phx
