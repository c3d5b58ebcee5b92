#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/fixture_app.hpp"

#include <phx/core/client/presence.hpp>
#include <phx/testing/memory_client.hpp>
#include <phx/testing/memory_network.hpp>
#include <phx/testing/memory_server.hpp>
#include <phx/testing/virtual_clock.hpp>

namespace phx::testing {

/// The fixture application and the way to it.
struct World {
  explicit World(WireOptions wires = {}) : network(clock, wires, [this](Wire::End& end) { server.accept(end); }), server(clock, chain()) {
    app.pubsub().attach(server.shard());
  }

  server::PlugChain chain() { return {server::socket_plug(app.mounts(), app.socket_defaults())}; }

  VirtualClock clock;
  fixture::FixtureApp app;
  MemoryNetwork network;  // before the server, which lets go of its wires
  MemoryServer server;
};

/// A client with one channel that writes down what it hears; presence goes to a list of its own.
class Member {
 public:
  template <class AnyWorld>
  Member(AnyWorld& world, std::string topic, std::string params = "{}")
      : client_(world.clock, world.network, {.seed = world.network.wires().size() + 1},
                [this](const core::Effect& effect) { hear(effect); }),
        channel_(client_.core().create_channel({.topic = std::move(topic), .params = std::move(params), .timeout = {}})) {
    client_.connect();
    client_.perform([this](auto& core, Instant now, auto& out) { core.join(channel_, {}, now, out); });
  }

  void push(std::string_view event, std::string_view payload) {
    client_.perform(
        [&](auto& core, Instant now, auto& out) { return core.push(channel_, {.event = event, .payload = payload}, now, out); });
  }
  void leave() {
    client_.perform([&](auto& core, Instant now, auto& out) { return core.leave(channel_, {}, now, out); });
  }

  core::ChannelState state() { return client_.core().channel(channel_).state(); }

  /// Keys, sorted.
  std::vector<std::string> present() const {
    std::vector<std::string> keys;
    for (const core::Presence& entry : presence_.list()) keys.push_back(entry.key);
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  std::vector<std::string> log;

 private:
  static std::string line(std::string_view what, std::string_view a, std::string_view b = {}) {
    std::string out(what);
    for (const std::string_view part : {a, b}) {
      if (!part.empty()) out.append(" ").append(part);
    }
    return out;
  }

  void hear(const core::Effect& effect) {
    if (const auto* message = std::get_if<core::ChannelMessage>(&effect)) {
      if (message->event.starts_with("phx_")) return;
      if (!presence_.wants(message->event)) return log.push_back(line(message->event, message->payload));
      core::PresenceEffects ignored;
      presence_.on_message(message->event, message->payload, client_.core().channel(channel_).join_ref(), ignored);
    } else if (const auto* joined = std::get_if<core::JoinReplied>(&effect)) {
      log.push_back(line("join", joined->status, joined->response));
    } else if (const auto* reply = std::get_if<core::PushReplied>(&effect)) {
      log.push_back(line("reply", reply->status, reply->response));
    } else if (const auto* error = std::get_if<core::ChannelErrored>(&effect)) {
      if (error->payload.find("transport") == std::string_view::npos) log.push_back(line("error", error->payload));
    } else if (std::holds_alternative<core::SocketOpened>(effect)) {
      log.push_back("open");
    } else if (const auto* closed = std::get_if<core::SocketClosed>(&effect)) {
      log.push_back(line("closed", std::to_string(closed->code)));
    }
  }

  core::PresenceCore presence_;
  MemoryClient client_;
  core::ChannelId channel_;
};

}  // namespace phx::testing
