// Golden transcripts against sessions of the fixture's channels, below any socket. Frames are compared as JSON values, in order.

#include <algorithm>

#include "support/fixture_app.hpp"
#include "support/fixture_channels.hpp"
#include "support/golden.hpp"
#include "world.hpp"

namespace phx::server::test {
namespace {

struct FixtureSocket : UserSocket {
  explicit FixtureSocket(Presence* presence) {
    channel<fixture::RoomChannel>("room:*");
    channel("chat:*", [presence] { return std::make_unique<fixture::ChatChannel>(presence); });
    channel<fixture::RoomChannel>("exact");
  }
};

class GoldenSession : public testing::TestWithParam<golden::Case> {};

using Frames = std::vector<std::string>;

/// Text frames as normal JSON text; bytes as they are.
std::string normal(const std::string& frame) {
  const Json value = Json::parse(frame, nullptr, false);
  return value.is_discarded() ? frame : value.dump();
}

struct Playback {
  World world;
  Presence presence{world.pubsub};
  ChannelSocketHandler handler{std::make_shared<FixtureSocket>(&presence), world.pubsub};
  std::map<std::string, std::unique_ptr<Client>> clients;
  std::map<std::string, Frames> expected, seen;

  void settle() {
    world.advance(350ms);
    for (auto& [name, client] : clients)
      for (const auto& frame : client->written()) seen[name].push_back(normal(frame));
    EXPECT_EQ(seen, expected);
  }
  void play(const golden::Case& c) {
    for (const auto& step : c.steps) {
      if (step.kind == golden::Step::Kind::connect) {
        const auto& serializer = c.vsn(step.conn) == 1 ? core::v1_serializer() : core::v2_serializer();
        clients[step.conn] = std::make_unique<Client>(world, handler, 0, serializer);
      } else if (step.kind == golden::Step::Kind::recv) {
        expected[step.conn].push_back(normal(step.data));
      } else if (step.kind == golden::Step::Kind::send) {
        if (seen != expected) settle();
        clients.at(step.conn)->session().handle_in(step.opcode(), step.data, world.now);
      }
    }
    settle();
  }
};

TEST_P(GoldenSession, PlaysBack) {
  Playback playback;
  playback.play(GetParam());
}

/// What a session without carrier, control routes and phx_refs can show: only whole messages, in one order.
bool playable(const golden::Case& c) {
  if (c.json.contains("optional") || c.json.contains("unordered") || c.json.contains("order")) return false;
  return std::ranges::all_of(c.steps, [](const golden::Step& s) {
    switch (s.kind) {
      case golden::Step::Kind::note: return false;
      case golden::Step::Kind::connect:
        return s.json["path"].get<std::string>().starts_with("/socket/websocket") && s.json["response"]["status"] == 101;
      case golden::Step::Kind::send:
      case golden::Step::Kind::recv: return s.is_message();
      case golden::Step::Kind::nothing_more: return true;
    }
    return false;
  });
}

std::vector<golden::Case> cases() {
  std::vector<golden::Case> all;
  for (const auto* file : {"v2_join", "v2_messages", "v2_lifecycle", "v2_binary", "v1"})
    for (auto& c : golden::load(file))
      if (playable(c)) all.push_back(std::move(c));
  return all;
}

INSTANTIATE_TEST_SUITE_P(Golden, GoldenSession, testing::ValuesIn(cases()), [](const auto& played) { return played.param.name; });

}  // namespace
}  // namespace phx::server::test
