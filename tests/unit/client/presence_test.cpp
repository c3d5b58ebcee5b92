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
