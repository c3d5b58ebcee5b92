// A failed assertion leaves a capture; a crash that nobody expected fails the test.
#include <phx/scenario/capture.hpp>
#include <phx/server/socket.hpp>
#include <phx/server/user_socket.hpp>
#include <phx/testing/channel_case.hpp>
#include <phx/testing/conn_case.hpp>
#include <phx/testing/scripted_server.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "failure_of.hpp"

namespace phx::testing {
namespace {

using ::testing::HasSubstr;

class EchoChannel final : public server::Channel {
 public:
  server::JoinResult join(std::string_view, const Json&, server::Socket& socket) override { return server::JoinOk{socket.assigns()}; }
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket&) override {
    if (event == "echo") return server::Reply::ok(payload);
    throw std::runtime_error("no clause");
  }
};

class FailureTest : public ChannelCase {
 protected:
  Application application() override { return {}; }
  Way way() const override { return {}; }
};

std::string file_text(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// A9.126: a bare socket has the assigns given, and the channel class alone is under test.
TEST_F(FailureTest, BareSocketsTakeAssignsAndTheChannelClass) {
  auto user = (use_channel<EchoChannel>("echo:1"), socket(obj("user_id", 7)));
  auto [reply, room] = subscribe_and_join(user, "echo:1");
  EXPECT_EQ(reply, obj("user_id", 7));
}

// style.md 6: the caller broke a rule. GoogleTest runs the body of a test even after an exception in SetUp.
TEST_F(FailureTest, HandlesThatNobodyMadeAreRefused) {
  EXPECT_THROW(subscribe_and_join(TestSocket(), "echo:1"), std::logic_error);
  EXPECT_THROW(push(TestChannel(), "echo"), std::logic_error);
}

TEST_F(FailureTest, WritesACaptureWithMaskedSecrets) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "phx-failure-test";
  std::filesystem::remove_all(folder);
  setenv("PHX_TEST_CAPTURES", folder.c_str(), 1);
  use_channel<EchoChannel>("echo:1");
  auto [reply, room] = subscribe_and_join(socket(), "echo:1");
  assert_reply(push(room, "echo", obj("password", "hunter2")), "ok");
  const auto failure = failure_of([&] { assert_push("never"); });
  unsetenv("PHX_TEST_CAPTURES");
  const auto file = folder / "FailureTest.WritesACaptureWithMaskedSecrets.ndjson";
  EXPECT_THAT(failure.message, HasSubstr("Capture: " + file.string()));
  EXPECT_THAT(failure.message, HasSubstr("  x ")) << "taken messages are marked";
  const std::string text = file_text(file);
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  const auto capture = scenario::read_capture(text);
  ASSERT_TRUE(capture) << capture.error().message;
  ASSERT_GE(capture->events.size(), 6u);  // open, join, its reply, push, its reply, note
  EXPECT_THAT(capture->events.back().text, HasSubstr("assert_push: no message"));
}

TEST_F(FailureTest, SaysWhenTheCaptureCannotBeWritten) {
  setenv("PHX_TEST_CAPTURES", "/proc/nowhere", 1);
  use_channel<EchoChannel>("echo:1");
  auto [reply, room] = subscribe_and_join(socket(), "echo:1");
  const auto failure = failure_of([&] { assert_push("never"); });
  unsetenv("PHX_TEST_CAPTURES");
  EXPECT_THAT(failure.message, HasSubstr("set PHX_TEST_CAPTURES to a folder that can be"));
}

// server.md 15: connect_info is the test's to say.
TEST_F(FailureTest, ConnectInfoIsTheTestsToSay) {
  class InfoSocket final : public server::UserSocket {
   public:
    InfoSocket() { channel<EchoChannel>("echo:*"); }
    server::ConnectResult connect(const Json&, server::ConnectSocket& socket, const server::ConnectInfo& info) const override {
      socket.assign("agent", info.user_agent.value_or("none"));
      return server::ConnectOk{};
    }
  };
  auto target = in_process({.user_socket = std::make_shared<InfoSocket>()});
  server::ConnectInfo info;
  info.user_agent = "curl";
  const auto peer = target->dial({.connect_info = std::make_shared<const server::ConnectInfo>(info)});
  peer->send(Opcode::text, R"(["1","1","echo:1","phx_join",{}])");
  while (peer->inbox.empty() && target->wait(target->now())) {}
  ASSERT_FALSE(peer->inbox.empty());
  EXPECT_THAT(peer->inbox.front().bytes, HasSubstr(R"("agent":"curl")"));
}

/// What needs a server of this process says so elsewhere.
TEST(OutOfReach, FailsWithAMessage) {
  class Scripted : public ChannelCase {
   public:
    void TestBody() override {
      auto [reply, room] = subscribe_and_join(connect(), "room:1");
      EXPECT_THAT(failure_of([&, r = room] { broadcast_from(r, "x"); }).message,
                  HasSubstr("broadcast_from needs a server of this process"));
      EXPECT_THAT(failure_of([&, r = room] { send(r, "x"); }).message, HasSubstr("send needs a server of this process"));
      EXPECT_THAT(failure_of([&] { broadcast("room:1", "x"); }).message, HasSubstr("scripted server is out of reach"));
    }
    std::unique_ptr<Target> make_target() override { return std::make_unique<ScriptedServer>(); }
  } test;
  test.TestBody();
}

// Issue 6, point 5 of the list: ConnCase leaves a capture of its requests, too.
TEST(ConnCaseCapture, HasTheExchangesWithMaskedSecrets) {
  class Login : public ConnCase {
   public:
    void TestBody() override { post(build_conn(), "/login", obj("password", "hunter2")); }
    Way way() const override { return {}; }
    Application application() override { return {}; }
    using ConnCase::write_capture;
  } test;
  const auto folder = std::filesystem::path(::testing::TempDir()) / "phx-conn-failure-test";
  std::filesystem::remove_all(folder);
  setenv("PHX_TEST_CAPTURES", folder.c_str(), 1);
  test.TestBody();
  test.write_capture();
  unsetenv("PHX_TEST_CAPTURES");
  const std::string text = file_text(folder / "ConnCaseCapture.HasTheExchangesWithMaskedSecrets.http.ndjson");
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  const auto capture = scenario::read_capture(text);
  ASSERT_TRUE(capture) << capture.error().message;
  ASSERT_EQ(capture->events.size(), 2u);
  EXPECT_EQ(capture->events[0].path, "/login");
  EXPECT_EQ(capture->events[1].code, 404);
}

/// Its TearDown is what is under test.
class LinkedCase : public FailureTest {
 public:
  void TestBody() override {
    use_channel<EchoChannel>("echo:1");
    if (traps) trap_exit();
    auto [reply, room] = subscribe_and_join(socket(), "echo:1");
    push(room, "unknown");
    advance(std::chrono::milliseconds(1));
  }
  void run() {
    TestBody();
    TearDown();
  }
  bool traps = false;
};

// A9.134: a crash propagates to the linked test.
TEST(LinkedChannels, CrashThatNobodyExpectsFailsTheTest) {
  const auto failure = failure_of([] { LinkedCase().run(); });
  EXPECT_THAT(failure.message, HasSubstr("channel echo:1 crashed, and nobody expected it"));
  LinkedCase trapping;
  trapping.traps = true;
  EXPECT_EQ(failure_of([&] { trapping.run(); }).count, 0);
}

TEST(TheSwitch, ReadsTheEnvironment) {
  setenv("PHX_TEST_URL", "ws://example:4000/socket", 1);
  setenv("PHX_TEST_VSN", "1.0.0", 1);
  EXPECT_EQ(default_way().where, Where::url);
  EXPECT_EQ(to_string(default_way()), "url_v1");
  EXPECT_EQ(all_ways().size(), 3u);
  unsetenv("PHX_TEST_URL");
  setenv("PHX_TEST_VSN", "3.0.0", 1);
  EXPECT_THROW(default_way(), std::invalid_argument);
  unsetenv("PHX_TEST_VSN");
  EXPECT_EQ(all_ways().size(), 6u);
}

}  // namespace
}  // namespace phx::testing
