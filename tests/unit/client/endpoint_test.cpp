// The SDK against our own server, in one process over loopback, with the application of golden/FIXTURE.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "support/fixture_endpoint.hpp"

#include "support.hpp"

namespace phx::test {
namespace {

using testing::ElementsAre;

class ClientAndServer : public testing::Test {
 protected:
  ClientAndServer() { start(0); }

  void start(std::uint16_t port) {
    app_ = std::make_unique<fixture::FixtureApp>();
    auto options = fixture::endpoint_options(*app_, [] {});
    options.port = port;
    options.workers = 2;
    endpoint_ = std::make_unique<server::Endpoint>(options);
    ASSERT_TRUE(endpoint_->start());
    port_ = endpoint_->port();
  }
  void stop() {
    endpoint_.reset();
    app_.reset();
  }
  std::string url() const { return "ws://127.0.0.1:" + std::to_string(port_) + "/socket"; }

  std::unique_ptr<fixture::FixtureApp> app_;
  std::unique_ptr<server::Endpoint> endpoint_;
  std::uint16_t port_ = 0;
};

TEST_F(ClientAndServer, TwoClientsTalk) {
  const auto runtime = Runtime::create();
  client::Socket ada(url(), {.runtime = runtime}), bob(url(), {.runtime = runtime});
  ada.connect();
  bob.connect();
  auto ada_room = ada.channel("room:lobby"), bob_room = bob.channel("room:lobby");
  EXPECT_TRUE(get(ada_room.join().future())->ok());
  EXPECT_TRUE(get(bob_room.join().future())->ok());
  Seen<std::string> heard;
  const auto messages = bob_room.on("new_msg", [&](const client::Message& m) { heard.add(m.json()->at("n").dump()); });
  for (int n = 0; n < 100; ++n) ada_room.push("new_msg", obj("n", n));
  const auto all = heard.wait_for(100);
  for (int n = 0; n < 100; ++n) EXPECT_EQ(all[static_cast<std::size_t>(n)], std::to_string(n));
}

TEST_F(ClientAndServer, RepliesOfEveryKindArrive) {
  client::Socket socket(url());
  socket.connect();
  auto room = socket.channel("room:lobby");
  room.join();
  EXPECT_EQ(get(room.push("ping", obj("n", 1)).future())->response, client::Payload(obj("n", 1)));
  EXPECT_EQ(get(room.push("custom_status").future())->status, "accepted");
  EXPECT_EQ(get(room.push("async_reply", obj("later", true)).future())->json()->at("later"), true);
  EXPECT_EQ(get(room.push("bin", client::Bytes{"\x01\x02"}).future())->response, client::Payload(client::Bytes{"\x01\x02"}));
  EXPECT_EQ(get(room.push("stop_reply", obj("n", 2)).future())->status, "ok");
  auto closed = socket.channel("room:private");
  EXPECT_EQ(get(closed.join().future())->json()->at("reason"), "unauthorized");
  auto unknown = socket.channel("nowhere");
  EXPECT_EQ(get(unknown.join().future())->json()->at("reason"), "unmatched topic");
}

/// Phoenix refuses what inflates to more than 25 times its size: letters that shrink less than that.
std::string text_of(std::size_t size) {
  std::minstd_rand letters;  // NOLINT(cert-msc51-cpp): the same text each time
  std::string text(size, ' ');
  for (char& c : text) c = static_cast<char>('a' + letters() % 26);
  return text;
}

TEST_F(ClientAndServer, TalksCompressed) {  // golden connect/deflate_enabled
  std::vector<core::ws::DeflateOffer> offers(3);
  offers[1] = {.server_no_context_takeover = true, .client_no_context_takeover = true};
  offers[2].client_max_window_bits = std::nullopt;
  for (const auto& offer : offers) {
    auto options = eager();
    options.deflate = offer;
    client::Socket socket(url() + "_deflate", options);
    socket.connect();
    auto room = socket.channel("room:lobby");
    ASSERT_TRUE(get(room.join().future())->ok());
    for (const std::size_t size : {1U, 1'000U, 1'000'000U}) {
      const client::Payload payload(obj("text", text_of(size)));
      const auto reply = get(room.push("ping", payload).future());
      ASSERT_TRUE(reply.has_value()) << reply.error().message();
      EXPECT_EQ(reply->response, payload);
    }
  }
}

TEST_F(ClientAndServer, PresenceComesAndGoes) {
  client::Socket ada(url(), {.params = obj("user_id", "ada")});
  ada.connect();
  auto ada_room = ada.channel("chat:lobby");
  client::Presence presence(ada_room);
  Seen<std::string> seen;
  // The server's diff of the own join repeats what its state says (N5): first and last metas of a key are what counts.
  const auto joins = presence.on_join([&](const client::PresenceJoined& e) {
    if (!e.current) seen.add("+" + e.presence.key);
  });
  const auto leaves = presence.on_leave([&](const client::PresenceLeft& e) {
    if (e.current.metas.empty()) seen.add("-" + e.presence.key);
  });
  ada_room.join();
  seen.wait_for(1);
  {
    client::Socket bob(url(), {.params = obj("user_id", "bob")});
    bob.connect();
    auto bob_room = bob.channel("chat:lobby");
    EXPECT_TRUE(get(bob_room.join().future())->ok());
    seen.wait_for(2);
  }
  EXPECT_THAT(seen.wait_for(3), ElementsAre("+ada", "+bob", "-bob"));
}

TEST_F(ClientAndServer, SurvivesARestartOfTheServer) {
  client::Socket socket(url(), eager());
  auto room = socket.channel("room:lobby");
  Seen<std::string> joined;
  room.join().receive("ok", [&](const client::Reply& r) { joined.add(r.status); });
  socket.connect();
  joined.wait_for(1);
  stop();
  const auto waiting = room.push("ping", obj("n", 1));  // waits in the buffer for the rejoin
  start(port_);
  joined.wait_for(2);
  EXPECT_TRUE(get(waiting.future())->ok());
}

}  // namespace
}  // namespace phx::test
