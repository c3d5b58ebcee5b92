#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.hpp"

namespace phx::test {
namespace {

using testing::ElementsAre;

constexpr auto state = R"({"ada":{"metas":[{"phx_ref":"1","status":"online"}]}})";
constexpr auto diff = R"({"joins":{"bob":{"metas":[{"phx_ref":"2"}]}},"leaves":{"ada":{"metas":[{"phx_ref":"1"}]}}})";

/// Tells who is there after every join, and a diff when asked.
bool presence_server(StubServer::Connection& connection, const core::EnvelopeView& m) {
  using Kind = core::MessageView::Kind;
  if (m.event == "phx_join") {
    connection.reply(m, "ok", "{}");
    connection.send({.kind = Kind::push, .join_ref = m.join_ref, .topic = m.topic, .event = "presence_state", .payload = state});
    return true;
  }
  if (m.event != "change") return false;
  connection.send({.kind = Kind::broadcast, .topic = m.topic, .event = "presence_diff", .payload = diff});
  return true;
}

TEST(ClientPresence, FollowsStateAndDiffAcrossARejoin) {  // spec client-semantics N2 to N5, PR-12
  StubServer server({}, presence_server);
  Socket socket(server.url(), eager());
  auto room = socket.channel("room:lobby");
  Presence presence(room);
  Seen<std::string> seen;
  const auto joins = presence.on_join([&](const PresenceJoined& e) { seen.add("+" + e.presence.key); });
  const auto leaves = presence.on_leave([&](const PresenceLeft& e) { seen.add("-" + e.presence.key); });
  const auto syncs = presence.on_sync([&] { seen.add("sync"); });
  room.join();
  socket.connect();
  EXPECT_THAT(seen.wait_for(2), ElementsAre("+ada", "sync"));
  EXPECT_TRUE(presence.get("ada"));
  room.push("change");
  EXPECT_THAT(seen.wait_for(5), ElementsAre("+ada", "sync", "+bob", "-ada", "sync"));
  EXPECT_EQ(presence.list().size(), 1u);
  server.cut_all();
  const auto all = seen.wait_for(8);
  EXPECT_THAT(std::vector(all.end() - 3, all.end()), ElementsAre("+ada", "-bob", "sync"));
}

TEST(ClientPresence, BeyondTheLimitsItSaysSoAndFollowsAgainAfterARejoin) {  // issue 4, point 8
  struct Failures final : client::Observer {
    void presence_failed(std::string_view topic, std::error_code why) noexcept override { seen.add({std::string(topic), why}); }
    Seen<std::pair<std::string, std::error_code>> seen;
  };
  const auto too_large = std::make_error_code(std::errc::no_buffer_space);
  StubServer server({}, presence_server);
  auto options = eager();
  const auto observer = std::make_shared<Failures>();
  Seen<std::string> uncaught;
  options.observer = observer;
  options.policy.presence.max_users = 1;
  options.on_callback_error = [&](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) { uncaught.add(e.what()); }
  };
  Socket socket(server.url(), options);
  auto room = socket.channel("room:lobby");
  Presence presence(room), generous(room, {.limits = PresenceLimits{}});
  std::optional<Presence> unheard(std::in_place, room);
  Seen<std::error_code> errors;
  Seen<bool> generous_synced, synced;
  const auto on_error = presence.on_error([&](std::error_code e) { errors.add(e); });
  const auto on_sync = presence.on_sync([&] { synced.add(true); });
  const auto on_generous = generous.on_sync([&] { generous_synced.add(true); });
  room.join();
  socket.connect();
  room.push("change");  // bob joins before ada leaves: two at once
  EXPECT_EQ(errors.wait_for(1).front(), too_large);
  generous_synced.wait_for(2);
  EXPECT_TRUE(generous.get("bob"));
  EXPECT_TRUE(presence.get("ada"));
  EXPECT_THAT(uncaught.wait_for(1).front(), testing::HasSubstr("'room:lobby': presence_diff is beyond PresenceLimits"));
  EXPECT_EQ(observer->seen.wait_for(2).front(), std::pair(std::string("room:lobby"), too_large));
  EXPECT_EQ(socket.metrics().topics.at("room:lobby").presence_failures, 2u);
  server.cut_all();
  synced.wait_for(2);
  EXPECT_EQ(presence.list().size(), 1u);
}

TEST(ClientPresence, ReportsWhatItCannotRead) {
  StubServer server({}, [](StubServer::Connection& connection, const core::EnvelopeView& m) {
    connection.reply(m, "ok", "{}");
    connection.send(
        {.kind = core::MessageView::Kind::push, .join_ref = m.join_ref, .topic = m.topic, .event = "presence_state", .payload = "7"});
    return true;
  });
  Seen<bool> errors;
  Socket socket(server.url(), {.on_callback_error = [&](std::exception_ptr) { errors.add(true); }});
  auto room = socket.channel("room:lobby");
  Presence presence(room);
  room.join();
  socket.connect();
  errors.wait_for(1);
  EXPECT_TRUE(presence.list().empty());
}

}  // namespace
}  // namespace phx::test
