#include <phx/mock/journal.hpp>

#include <gtest/gtest.h>

namespace phx::mock {
namespace {

using enum scenario::Direction;

void say(Journal& journal, std::uint64_t c, scenario::Direction d, std::string_view text) {
  journal.on_message(c, d, core::Opcode::text, text, "2.0.0", Instant{});
}

TEST(Journal, KeepsWhatPassedAndFindsIt) {
  Journal journal{Instant{}};
  journal.on_open(1, "/socket/websocket?token=x", true, Instant{});
  say(journal, 1, to_server, R"(["1","2","room:a","new_msg",{"body":"hi","password":"p"}])");
  say(journal, 1, to_client, R"([null,null,"room:a","new_msg",{"body":"hi"}])");
  say(journal, 2, to_server, "broken");
  journal.on_http(3, to_server, "GET", "/__mock/journal", {}, "", Instant{});
  const auto all = journal.entries();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0]["text"], "/socket/websocket?token=[FILTERED]");
  EXPECT_EQ(all[1]["payload"], (Json{{"body", "hi"}, {"password", "[FILTERED]"}}));
  EXPECT_EQ(all[3]["bytes"], 6);
  EXPECT_EQ(journal.entries({.client = {}, .topic = "room:*", .event = "new_*"}).size(), 2u);
  EXPECT_EQ(journal.entries({.client = {}, .direction = to_server, .payload = Pattern::subset(Json{{"body", "hi"}})}).size(), 1u);
  EXPECT_EQ(journal.entries({.client = 2}).size(), 1u);
  EXPECT_EQ(journal.entries({.client = {}, .since = 3}).size(), 1u);
  EXPECT_EQ(journal.entries({}, 2).size(), 2u);
}

TEST(Journal, TellsWhichExpectationsWereNotMet) {
  Journal journal{Instant{}};
  MockExpectation twice;
  twice.line = 7;
  twice.event = "new_msg";
  twice.count = 2;
  journal.expect({twice});
  say(journal, 1, to_server, R"(["1","2","room:a","new_msg",{}])");
  say(journal, 1, to_client, R"(["1",null,"room:a","new_msg",{}])");
  EXPECT_EQ(journal.unmet(), std::vector<std::string>{"line 7: expected 2 x new_msg on *, came 1"});
  say(journal, 1, to_server, R"(["1","3","room:b","new_msg",{}])");
  EXPECT_TRUE(journal.unmet().empty());
  EXPECT_EQ(journal.summary()["expectations"], (Json{{"met", 1}, {"unmet", Json::array()}}));
  journal.reset();
  EXPECT_EQ(journal.unmet().size(), 1u);
}

}  // namespace
}  // namespace phx::mock
