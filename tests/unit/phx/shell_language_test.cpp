// What the lines of `phx shell` mean, and what Tab offers (issue 4, point 12).
#include <gmock/gmock.h>

#include "shell_language.hpp"

namespace phx::cli::shell {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Instruction command(std::string_view line) {
  const auto parsed = parse(line);
  if (!parsed || !*parsed) {
    ADD_FAILURE() << line << ": " << (parsed ? "nothing" : parsed.error());
    return Quit{};
  }
  return **parsed;
}

std::string complaint(std::string_view line) {
  const auto parsed = parse(line);
  return parsed ? "(none)" : parsed.error();
}

TEST(ShellParse, EveryCommand) {
  EXPECT_EQ(command("join room:lobby"), Instruction(Join{"room:lobby", ""}));
  EXPECT_EQ(command("leave room:lobby"), Instruction(Leave{"room:lobby"}));
  EXPECT_EQ(command("push room:lobby ping"), Instruction(Push{"room:lobby", "ping", "", true}));
  EXPECT_EQ(command("topics"), Instruction(Topics{}));
  EXPECT_EQ(command("presence room:lobby"), Instruction(ShowPresence{"room:lobby"}));
  EXPECT_EQ(command("on new_*"), Instruction(ShowEvents{"new_*", true}));
  EXPECT_EQ(command("off"), Instruction(ShowEvents{"", false}));
  EXPECT_EQ(command("wait new_msg"), Instruction(WaitFor{"new_msg", std::nullopt}));
  EXPECT_EQ(command("sleep 2"), Instruction(Sleep{2s}));
  EXPECT_EQ(command("ping"), Instruction(Ping{}));
  EXPECT_EQ(command("help push"), Instruction(Help{"push"}));
  EXPECT_EQ(command("quit"), Instruction(Quit{}));
}

TEST(ShellParse, EveryCommandOfTheTableIsKnown) {
  for (const CommandInfo& info : commands()) EXPECT_THAT(complaint(info.word), testing::Not(HasSubstr("there is no command")));
}

TEST(ShellParse, APayloadIsTheRestOfTheLine) {
  EXPECT_EQ(command(R"(join room:1 {"a": "b c"}  )"), Instruction(Join{"room:1", R"({"a": "b c"})"}));
  EXPECT_EQ(command(R"(push room:1 new_msg {"body": "hi there", "n": 1})"),
            Instruction(Push{"room:1", "new_msg", R"({"body": "hi there", "n": 1})", true}));
  EXPECT_EQ(command("push room:1 new_msg @file with blanks.json"), Instruction(Push{"room:1", "new_msg", "@file with blanks.json", true}));
}

TEST(ShellParse, QuotesMeantForAShellAreTakenOff) {
  EXPECT_EQ(command(R"(push room:1 new_msg '{"body":"hi"}')"), Instruction(Push{"room:1", "new_msg", R"({"body":"hi"})", true}));
}

TEST(ShellParse, NoReplyStandsBeforeTheTopic) {
  EXPECT_EQ(command("push --no-reply room:1 typing"), Instruction(Push{"room:1", "typing", "", false}));
}

TEST(ShellParse, ADotIsTheTopicJoinedLastAndAQuotedDotIsItself) {
  EXPECT_EQ(command("push . ping {}"), Instruction(Push{"", "ping", "{}", true}));
  EXPECT_EQ(command("leave ."), Instruction(Leave{""}));
  EXPECT_EQ(command(R"(leave ".")"), Instruction(Leave{"."}));
  EXPECT_EQ(command("leave .x"), Instruction(Leave{".x"}));
}

TEST(ShellParse, NamesWithBlanksAreJsonStrings) {
  EXPECT_EQ(command(R"(push "my room" "say \"hi\"" {})"), Instruction(Push{"my room", R"(say "hi")", "{}", true}));
  EXPECT_EQ(command(R"(leave "caf\u00e9")"), Instruction(Leave{"café"}));
}

TEST(ShellParse, TimesAreSecondsOrHaveAUnit) {
  EXPECT_EQ(command("sleep 0.5"), Instruction(Sleep{500ms}));
  EXPECT_EQ(command("sleep 200ms"), Instruction(Sleep{200ms}));
  EXPECT_EQ(command("wait x 2m"), Instruction(WaitFor{"x", 120s}));
  EXPECT_THAT(complaint("sleep soon"), HasSubstr("'soon' is no time"));
  EXPECT_THAT(complaint("sleep -1"), HasSubstr("'-1' is no time"));
}

TEST(ShellParse, BlankLinesAndCommentsAreNothing) {
  for (const auto* line : {"", "  \t", "# join room:1", "  # x", "\r"}) {
    const auto parsed = parse(line);
    ASSERT_TRUE(parsed) << line;
    EXPECT_FALSE(*parsed) << line;
  }
}

TEST(ShellParse, WhatIsMissingOrTooMuchIsToldWithTheUsage) {
  EXPECT_EQ(complaint("join"), "join: which topic? (usage: join TOPIC [PAYLOAD])");
  EXPECT_EQ(complaint("push room:1"), "push: which event? (usage: push [--no-reply] TOPIC EVENT [PAYLOAD])");
  EXPECT_EQ(complaint("leave a b"), "leave: 'b' is too much (usage: leave TOPIC)");
  EXPECT_THAT(complaint("topics now"), HasSubstr("'now' is too much"));
  EXPECT_THAT(complaint("sleep"), HasSubstr("which time?"));
  EXPECT_THAT(complaint(R"(leave "room)"), HasSubstr("quotes are not closed"));
  EXPECT_THAT(complaint(R"(leave "\q")"), HasSubstr("backslash"));
  EXPECT_THAT(complaint(R"(leave "")"), HasSubstr("cannot be empty"));
  EXPECT_THAT(complaint("push room:1 x @-"), HasSubstr("stdin is where the commands come from"));
}

TEST(ShellParse, AnUnknownCommandIsToldTheNearest) {
  EXPECT_THAT(complaint("jion room:1"), AllOf(HasSubstr("there is no command 'jion'"), HasSubstr("did you mean 'join'")));
  EXPECT_THAT(complaint("help psuh"), HasSubstr("did you mean 'push'"));
}

const Vocabulary vocabulary{.topics = {"chat:1", "my room", "room:a", "room:b", "Räume", "Rätsel"}, .events = {"new_msg", "news"}};

Completion tab(std::string_view before) { return complete(before, vocabulary); }

TEST(ShellComplete, CommandsFirst) {
  EXPECT_EQ(tab("jo"), (Completion{"jo", "join ", {"join"}}));
  EXPECT_EQ(tab("  le").becomes, "leave ");
  EXPECT_THAT(tab("p").choices, ElementsAre("push", "presence", "ping"));
  EXPECT_EQ(tab("").choices.size(), commands().size());
}

TEST(ShellComplete, TopicsThenEvents) {
  EXPECT_EQ(tab("join ch").becomes, "chat:1 ");
  EXPECT_EQ(tab("push ro"), (Completion{"ro", "room:", {"room:a", "room:b"}}));
  EXPECT_EQ(tab("push room:a n"), (Completion{"n", "new", {"new_msg", "news"}}));
  EXPECT_EQ(tab("push --no-reply room:a new_").becomes, "new_msg ");
  EXPECT_EQ(tab("push --").becomes, "--no-reply ");
  EXPECT_EQ(tab("wait new_").becomes, "new_msg ");
  EXPECT_EQ(tab("help pu").becomes, "push ");
}

TEST(ShellComplete, NothingWhereNothingIsKnown) {
  for (const auto* before : {"push room:a new_msg {", "push room:a new_msg ", "leave zzz", "nonsense r", "topics ", "sleep "})
    EXPECT_THAT(tab(before).choices, IsEmpty()) << before;
}

TEST(ShellComplete, ANameWithBlanksIsSpelledWithQuotes) {
  EXPECT_EQ(tab("join my").becomes, R"("my room" )");
  EXPECT_EQ(tab(R"(join "my r)").becomes, R"("my room" )");
  EXPECT_EQ(tab(R"(push "my room" new_)").becomes, "new_msg ");
}

TEST(ShellComplete, StopsAtWholeCharacters) {
  const Vocabulary close{.topics = {"a\xc3\xa4", "a\xc3\xb6"}, .events = {}};  // aä, aö: the first bytes of ä and ö are the same
  EXPECT_EQ(complete("join ", close).becomes, "a");
  EXPECT_EQ(tab("join R").becomes, "Rä");
}

TEST(ShellComplete, OffersWhatParseReadsBack) {
  for (const auto* name : {"room:1", ".", "a b", "\"", "tab\there", "", "esc\x1b[2J"}) {
    if (*name == '\0') continue;
    EXPECT_EQ(command("leave " + spelled(name)), Instruction(Leave{name})) << name;
    EXPECT_EQ(spelled(name).find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace phx::cli::shell
