#include "world.hpp"

namespace phx::server::test {
namespace {

using core::ws::DeflateParams;

struct CompressedBroadcastTest : testing::Test {
  CompressedBroadcastTest() {
    for (Client* client : {&plain, &first, &second, &narrow}) client->join();
  }
  World world;
  Client plain{world}, first{world, DeflateParams{}}, second{world, DeflateParams{}};
  Client narrow{world, DeflateParams{.server_max_window_bits = 10}};
};

}  // namespace

// Issue 3, item 1: a broadcast compresses once; and each member reads the same.
TEST_F(CompressedBroadcastTest, MembersWithTheSameAgreementShareTheirBytes) {
  for (Client* client : {&plain, &first, &second, &narrow}) client->frames();
  const std::string text(300, 'x');
  world.pubsub.broadcast("room:a", "event", obj("text", text));
  world.pubsub.broadcast("room:a", "event", obj("text", "more"));
  world.run();

  const auto bytes_of = [](Client& client) { return client.outbox().slices(); };
  ASSERT_EQ(bytes_of(first).size(), 1u) << "two frames in a row are one slice";
  ASSERT_EQ(bytes_of(second).size(), 1u);
  EXPECT_EQ(bytes_of(first)[0].view().data(), bytes_of(second)[0].view().data());
  EXPECT_NE(bytes_of(first)[0].view().data(), bytes_of(narrow)[0].view().data()) << "another window, other bytes";
  EXPECT_LT(bytes_of(first)[0].view().size(), 300u);
  EXPECT_GT(bytes_of(plain)[0].view().size(), 300u);

  const std::vector<std::string> expected{R"([null,null,"room:a","event",{"text":")" + text + R"("}])",
                                          R"([null,null,"room:a","event",{"text":"more"}])"};
  for (Client* client : {&plain, &first, &second, &narrow}) EXPECT_EQ(client->written(), expected);
}

TEST_F(CompressedBroadcastTest, RepliesAreCompressedToo) {
  first.send(R"([null,"7","phoenix","heartbeat",{}])");
  ASSERT_EQ(first.outbox().slices().size(), 1u);
  EXPECT_EQ(static_cast<unsigned char>(first.outbox().slices()[0].view()[0]), 0xC1) << "FIN, RSV1, text";
  EXPECT_EQ(first.written(), std::vector<std::string>{R"([null,"7","phoenix","phx_reply",{"response":{},"status":"ok"}])"});
}

}  // namespace phx::server::test
