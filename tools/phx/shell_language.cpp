#include "shell_language.hpp"

#include <phx/core/json.hpp>
#include <phx/scenario/yaml.hpp>

#include <algorithm>
#include <array>

namespace phx::cli::shell {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const auto from = std::min(text.find_first_not_of(blanks), text.size());
  const auto to = text.find_last_not_of(blanks);
  return text.substr(from, to == text.npos ? 0 : to + 1 - from);
}

/// The end of the word that begins at the front of `text`; npos: its quotes are not closed.
std::size_t word_end(std::string_view text) {
  if (!text.starts_with('"')) return std::min(text.find_first_of(blanks), text.size());
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return text.npos;
}

/// Takes the arguments of one command off its line. The first thing that is wrong stays in `error`.
class Arguments {
 public:
  explicit Arguments(std::string_view rest) : rest_(trimmed(rest)) {}

  std::string word(std::string_view what) {
    if (rest_.empty()) fail("which " + std::string(what) + "?");
    return take();
  }
  std::string topic() {
    const bool last_joined = rest_ == "." || rest_.starts_with(". ") || rest_.starts_with(".\t");
    std::string name = word("topic");
    if (last_joined) return {};
    if (name.empty() && error.empty()) fail("a topic cannot be empty");
    return name;
  }
  std::string optional_word() { return rest_.empty() ? std::string() : take(); }
  bool flag(std::string_view name) {
    if (rest_.substr(0, word_end(rest_)) != name) return false;
    take();
    return true;
  }
  std::string payload() {
    std::string_view text = std::exchange(rest_, {});
    if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') text = text.substr(1, text.size() - 2);
    if (text == "@-") fail("@- cannot be: stdin is where the commands come from");
    return std::string(text);
  }
  Duration time(const std::string& text) {
    const auto with_unit = scenario::parse_duration(text);
    const auto value = with_unit ? with_unit : scenario::parse_duration(text + 's');
    if (!value && error.empty()) fail("'" + text + "' is no time, as in 2, 0.5 or 200ms");
    return value.value_or(Duration{});
  }
  void end() {
    if (!rest_.empty()) fail("'" + std::string(rest_) + "' is too much");
  }

  std::string error;

 private:
  void fail(std::string what) {
    if (error.empty()) error = std::move(what);
    rest_ = {};
  }
  std::string take() {
    const std::size_t end = word_end(rest_);
    const std::string_view raw = rest_.substr(0, end);
    const bool quoted = raw.starts_with('"');
    const auto value = quoted ? parse_json(raw) : Result<Json>();
    if (quoted && (end == rest_.npos || !value)) {
      fail(std::string(raw) + " is no JSON string: its quotes are not closed, or a backslash is wrong");
      return {};
    }
    rest_ = trimmed(rest_.substr(end));
    return quoted ? value->get<std::string>() : std::string(raw);
  }

  std::string_view rest_;
};

enum class Names { none, command, topic, event };
using Parse = Instruction (*)(Arguments&);
struct Entry {
  CommandInfo info;
  std::array<Names, 2> names;  ///< of its arguments
  Parse parse;
};

Instruction parse_join(Arguments& a) {
  Join out;
  out.topic = a.topic();
  out.payload = a.payload();
  return out;
}

Instruction parse_push(Arguments& a) {
  Push out;
  out.wants_reply = !a.flag("--no-reply");
  out.topic = a.topic();
  out.event = a.word("event");
  out.payload = a.payload();
  return out;
}

Instruction parse_wait(Arguments& a) {
  WaitFor out;
  out.glob = a.word("event");
  if (const std::string limit = a.optional_word(); !limit.empty()) out.limit = a.time(limit);
  return out;
}

constexpr std::array<CommandInfo, 12> infos{{
    {"join", "TOPIC [PAYLOAD]", "join a topic"},
    {"leave", "TOPIC", "leave it"},
    {"push", "[--no-reply] TOPIC EVENT [PAYLOAD]", "push an event; PAYLOAD is JSON, @file or {\"$binary\":\"<base64>\"}"},
    {"topics", "", "the topics joined"},
    {"presence", "TOPIC", "who is there"},
    {"on", "[EVENT]", "print events that match this glob, or all"},
    {"off", "[EVENT]", "do not print them"},
    {"wait", "EVENT [SECONDS]", "until such an event has come that no wait before has had"},
    {"sleep", "SECONDS", "print what comes, for so long"},
    {"ping", "", "round trip of a heartbeat"},
    {"help", "[COMMAND]", "this"},
    {"quit", "", "leave all and end; Ctrl-D does the same"},
}};

constexpr std::array<Entry, infos.size()> entries{{
    {infos[0], {Names::topic, Names::none}, parse_join},
    {infos[1], {Names::topic, Names::none}, [](Arguments& a) -> Instruction { return Leave{a.topic()}; }},
    {infos[2], {Names::topic, Names::event}, parse_push},
    {infos[3], {}, [](Arguments&) -> Instruction { return Topics{}; }},
    {infos[4], {Names::topic, Names::none}, [](Arguments& a) -> Instruction { return ShowPresence{a.topic()}; }},
    {infos[5],
     {Names::event, Names::none},
     [](Arguments& a) -> Instruction {
       return ShowEvents{a.optional_word(), true};
     }},
    {infos[6],
     {Names::event, Names::none},
     [](Arguments& a) -> Instruction {
       return ShowEvents{a.optional_word(), false};
     }},
    {infos[7], {Names::event, Names::none}, parse_wait},
    {infos[8], {}, [](Arguments& a) -> Instruction { return Sleep{a.time(a.word("time"))}; }},
    {infos[9], {}, [](Arguments&) -> Instruction { return Ping{}; }},
    {infos[10], {Names::command, Names::none}, [](Arguments& a) -> Instruction { return Help{a.optional_word()}; }},
    {infos[11], {}, [](Arguments&) -> Instruction { return Quit{}; }},
}};

const Entry* find(std::string_view word) {
  const auto at = std::ranges::find(entries, word, [](const Entry& e) { return e.info.word; });
  return at == entries.end() ? nullptr : &*at;
}

std::string unknown(std::string_view word) {
  std::vector<std::string_view> known;
  for (const CommandInfo& info : infos) known.push_back(info.word);
  return "there is no command '" + std::string(word) + "'" + scenario::suggestion(word, known);
}

// ---- completion ----

std::string json_quoted(std::string_view name) { return Json(std::string(name)).dump(-1, ' ', false, Json::error_handler_t::replace); }

/// As far as all agree, in whole characters.
std::string common(const std::vector<std::string>& choices) {
  std::string_view out = choices.front();
  for (const std::string& choice : choices)
    out = out.substr(0, static_cast<std::size_t>(std::ranges::mismatch(out, choice).in1 - out.begin()));
  const std::string& first = choices.front();
  std::size_t end = out.size();
  while (end > 0 && end < first.size() && (static_cast<unsigned char>(first[end]) & 0xC0) == 0x80) --end;
  return first.substr(0, end);
}

/// What may stand where the word after `words` is typed.
std::vector<std::string> names_after(std::vector<std::string_view> words, std::string_view typed, const Vocabulary& vocabulary) {
  std::vector<std::string> out;
  const auto all_commands = [&out] {
    for (const CommandInfo& info : infos) out.emplace_back(info.word);
    return out;
  };
  if (words.empty()) return all_commands();
  const Entry* entry = find(words.front());
  words.erase(words.begin());
  if (entry == nullptr) return {};
  if (entry->info.word == "push") {
    if (words.empty() && typed.starts_with('-')) return {"--no-reply"};
    std::erase(words, "--no-reply");
  }
  switch (words.size() < entry->names.size() ? entry->names[words.size()] : Names::none) {
    case Names::none: return {};
    case Names::command: return all_commands();
    case Names::topic: return vocabulary.topics;
    case Names::event: return vocabulary.events;
  }
  return {};
}

}  // namespace

std::span<const CommandInfo> commands() { return infos; }

tl::expected<std::optional<Instruction>, std::string> parse(std::string_view line) {
  line = trimmed(line);
  if (line.empty() || line.front() == '#') return std::nullopt;
  const std::string_view word = line.substr(0, std::min(line.find_first_of(blanks), line.size()));
  const Entry* entry = find(word);
  if (entry == nullptr) return tl::unexpected(unknown(word));
  Arguments arguments(line.substr(word.size()));
  Instruction command = entry->parse(arguments);
  arguments.end();
  if (const auto* help = std::get_if<Help>(&command); help != nullptr && !help->command.empty() && find(help->command) == nullptr)
    return tl::unexpected(unknown(help->command));
  if (arguments.error.empty()) return command;
  const std::string usage = std::string(word) + (entry->info.arguments.empty() ? "" : " ") + std::string(entry->info.arguments);
  return tl::unexpected(std::string(word) + ": " + arguments.error + " (usage: " + usage + ")");
}

Completion complete(std::string_view before, const Vocabulary& vocabulary) {
  std::vector<std::string_view> words;
  std::string_view rest = before.substr(std::min(before.find_first_not_of(blanks), before.size()));
  std::size_t end = word_end(rest);
  for (; end < rest.size(); end = word_end(rest)) {  // a word with something behind it is finished
    words.push_back(rest.substr(0, end));
    rest.remove_prefix(end);
    rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  }
  Completion out{.typed = std::string(rest), .becomes = std::string(rest), .choices = {}};
  for (const std::string& name : names_after(words, rest, vocabulary)) {
    if (rest.starts_with('"') ? json_quoted(name).starts_with(rest) : name.starts_with(rest))
      out.choices.push_back(rest.starts_with('"') ? json_quoted(name) : spelled(name));
  }
  if (out.choices.size() == 1) {
    out.becomes = out.choices.front() + ' ';
  } else if (!out.choices.empty()) {
    const std::string shared = common(out.choices);
    if (shared.size() > rest.size()) out.becomes = shared;
  }
  return out;
}

std::string spelled(std::string_view name) {
  const auto special = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  const bool plain = !name.empty() && name != "." && name.front() != '"' && std::ranges::none_of(name, special);
  return plain ? std::string(name) : json_quoted(name);
}

}  // namespace phx::cli::shell
