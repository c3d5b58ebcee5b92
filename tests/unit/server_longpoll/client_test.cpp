// Both halves of long-poll on wires in memory, in virtual time: LongPollCore against the server's sessions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include <phx/core/client/longpoll_core.hpp>

#include "world.hpp"

namespace phx::server::test {
namespace {

using core::LongPollCore;
using ::testing::ElementsAre;

/// What an HTTP shell does for the machine, on the clock of a world.
class Client {
 public:
  explicit Client(World& world) : world_(world) { core.open(world.clock.now()); }

  void send(std::string_view text, core::Opcode op = core::Opcode::text) { core.send(op, text, world_.clock.now()); }
  /// Lets time pass; answers go to the machine when they are there.
  void run(Duration time) {
    const Instant end = world_.clock.now() + time;
    do {
      step();
      world_.clock.advance(1ms);
    } while (world_.clock.now() < end);
    step();
  }

  LongPollCore core{{.url = "/socket/longpoll?vsn=2.0.0"}};
  std::vector<std::string> told;

 private:
  void step() {
    for (bool busy = true; busy;) {
      if (core.next_deadline() && *core.next_deadline() <= world_.clock.now()) core.on_deadline(world_.clock.now(), out_);
      perform();
      busy = false;
      for (auto at = exchanges_.begin(); at != exchanges_.end();) {
        if (!at->second->answered()) {
          ++at;
          continue;
        }
        const auto id = at->first;
        const auto exchange = std::move(at->second);
        at = exchanges_.erase(at);
        core.on_answer(id, exchange->http_status(), exchange->text().substr(exchange->text().find("\r\n\r\n") + 4), world_.clock.now(),
                       out_);
        busy = true;
      }
    }
  }
  void perform() {
    for (; !out_.empty(); out_.pop_front()) {
      auto& effect = out_.front();
      if (const auto* request = std::get_if<core::LongPollRequest>(&effect)) {
        std::string headers;
        for (const auto& [name, value] : request->headers) headers += name + ": " + value + "\r\n";
        exchanges_[request->id] = world_.ask(request->method, request->url, headers, request->body);
      } else if (const auto* abort = std::get_if<core::LongPollAbort>(&effect)) {
        exchanges_.erase(abort->id);
      } else if (std::holds_alternative<core::LongPollOpened>(effect)) {
        told.emplace_back("open");
      } else if (const auto* message = std::get_if<core::LongPollMessage>(&effect)) {
        told.push_back(message->data);
      } else if (const auto* error = std::get_if<core::LongPollError>(&effect)) {
        told.push_back("error " + std::to_string(error->status));
      } else if (const auto* closed = std::get_if<core::LongPollClosed>(&effect)) {
        told.push_back("closed " + std::to_string(closed->code));
      }
    }
  }

  World& world_;
  core::LongPollEffects out_;
  std::map<core::LongPollRequestId, std::unique_ptr<Exchange>> exchanges_;
};

struct LongPollBothEnds : ::testing::Test {
  std::shared_ptr<Log> log = std::make_shared<Log>();
  World world{mount(raw_handler(log), short_window())};
  Client client{world};
};

TEST_F(LongPollBothEnds, MessagesGoBothWaysInOrder) {
  client.run(10ms);
  std::vector<std::string> expected{"open"};
  for (int i = 0; i < 250; ++i) {
    expected.push_back("[" + std::to_string(i) + "]");
    client.send(expected.back());
  }
  client.run(50ms);
  EXPECT_EQ(client.told, expected);
}

TEST_F(LongPollBothEnds, AnIdleSessionLivesAsLongAsItIsPolled) {  // server.md 3.5: 204 after each window
  client.run(3s);
  client.send("[1]");
  client.run(20ms);
  EXPECT_THAT(client.told, ElementsAre("open", "[1]"));
  EXPECT_EQ(log->connects.size(), 1u);
}

TEST_F(LongPollBothEnds, BinaryArrivesAsBytes) {
  client.run(10ms);
  client.send(std::string_view("\0\1\xff", 3), core::Opcode::binary);
  client.run(10ms);
  EXPECT_THAT(log->messages, ElementsAre(std::string("binary:\0\1\xff", 10)));
}

TEST_F(LongPollBothEnds, ASessionTheServerEndsIsToldAsLost) {  // G3
  client.run(10ms);
  log->link->close(1001, "");
  client.run(3s);
  EXPECT_THAT(client.told, ElementsAre("open", "error 410", "closed 3410"));
}

}  // namespace
}  // namespace phx::server::test
