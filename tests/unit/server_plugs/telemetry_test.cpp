// server-behaviours C12; server.md 13.
#include <gtest/gtest.h>

#include <stdexcept>

#include "site.hpp"

namespace phx::server::test {
namespace {

class Heard final : public Observer {
 public:
  void endpoint_start(const EndpointStart& e) override { lines.push_back("start " + e.conn.path); }
  void endpoint_stop(const EndpointStop& e) override {
    lines.push_back("stop " + std::string(e.method) + " " + std::to_string(e.conn.status) + " " + ms(e.duration));
  }
  void router_dispatch_start(const RouterDispatch& e) override { lines.push_back("route " + std::string(e.route) + " " + e.params.dump()); }
  void router_dispatch_stop(const RouterDispatch& e) override { lines.push_back("routed " + std::string(e.action) + " " + ms(e.duration)); }
  void router_dispatch_exception(const RouterDispatch& e) override { lines.push_back("raised " + std::string(e.reason)); }
  void error_rendered(const ErrorRendered& e) override { lines.push_back("rendered " + std::to_string(e.status)); }
  std::vector<std::string> take() { return std::exchange(lines, {}); }

 private:
  static std::string ms(Duration d) { return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(d).count()); }
  std::vector<std::string> lines;
};

class Telemetry : public ::testing::Test {
 protected:
  Telemetry() {
    Router router;
    router.pipeline("refuse", {[](Conn) -> Conn { throw HttpError(406, "no"); }});
    router.pipeline("halt", {[](Conn conn) {
                      conn.send_resp(403);
                      return conn;
                    }});
    router.get(
        "/ok/:id", [](Conn& conn) { return ActionResult(text(conn, "")); }, "ok");
    router.get("/boom", [](Conn&) -> ActionResult { throw std::runtime_error("why"); });
    router.get("/slow", [](Conn& conn) -> ActionResult {
      co_await conn.sleep(20ms);
      co_return text(conn, "");
    });
    router.scope("/refuse", {"refuse"}, [](Scope& s) { s.get("/", echo); });
    router.scope("/halt", {"halt"}, [](Scope& s) { s.get("/", echo); });
    const auto watch = [this](Conn conn) {
      conn.observer = &heard;
      return conn;
    };
    peer = std::make_unique<Peer>(PlugChain{watch, plug::telemetry(), plug::parsers(), router.plug()});
  }
  std::vector<std::string> play(const std::string& target) {
    peer->send("GET " + target + " HTTP/1.1\r\nhost: x\r\n\r\n");
    peer->advance(20ms);
    return heard.take();
  }
  Heard heard;
  std::unique_ptr<Peer> peer;
};

using Lines = std::vector<std::string>;

TEST_F(Telemetry, StartAndStopAroundARequest) {
  EXPECT_EQ(play("/ok/7"), (Lines{"start /ok/7", R"(route /ok/:id {"id":"7"})", "routed ok 0", "stop GET 200 0"}));
  EXPECT_EQ(play("/slow"), (Lines{"start /slow", "route /slow {}", "routed  20", "stop GET 200 20"}));
}

TEST_F(Telemetry, FailuresOfActionsAreExceptionsOfPipelinesNothing) {
  EXPECT_EQ(play("/boom"), (Lines{"start /boom", "route /boom {}", "raised why", "stop GET 500 0"}));
  EXPECT_EQ(play("/refuse"), (Lines{"start /refuse", "route /refuse {}", "stop GET 406 0"}));
  EXPECT_EQ(play("/halt"), (Lines{"start /halt", "route /halt {}", "routed  0", "stop GET 403 0"}));
  EXPECT_EQ(play("/none"), (Lines{"start /none", "stop GET 404 0"}));
}

TEST_F(Telemetry, NoStopWhenAPlugAheadOfTheRouterRaised) { EXPECT_EQ(play("/ok/7?a=%ff"), (Lines{"start /ok/7"})); }

}  // namespace
}  // namespace phx::server::test
