// The bodies of long-poll requests and answers as the relay takes them apart and puts them together. The first byte says which rules act
// and which serializer reads; each further line is a body: its first byte says whether of a POST with ndjson, one without, or of a poll.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/scenario/fault_script.hpp>

#include "invariant.hpp"
#include "longpoll_session.hpp"

using namespace phx;
using relay::LongPollSession;

namespace {

constexpr std::array rules{R"({"drop":{"event":"news","nth":2}})",
                           R"({"duplicate":{"event":"*","copies":2,"limit":3}})",
                           R"({"reorder":{"event":"n*","behind":1,"at_most":"1s"}})",
                           R"({"error_reply":{"event":"ping"}})",
                           R"({"corrupt":{"bytes":3,"limit":2}})",
                           R"({"delay":{"by":"1s","direction":"in"}})"};

/// What is seen of a session, in order.
using Messages = std::vector<std::pair<scenario::Direction, std::string>>;

struct World {
  explicit World(unsigned how) : session(engine, (how & 64U) != 0 ? core::v1_serializer() : core::v2_serializer()) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if ((how >> i & 1U) == 0) continue;
      const auto steps = scenario::parse_fault(parse_json(rules[i]).value());
      for (const auto& step : steps.value()) engine.add(std::get<scenario::RuleStep>(step.what).rule);
    }
  }
  LongPollSession::Tap tap() {
    return [this](scenario::Direction d, core::Opcode op, std::string_view bytes) {
      seen.emplace_back(d, (op == core::Opcode::text ? 't' : 'b') + std::string(bytes));
    };
  }
  /// Nothing: no body goes on.
  std::optional<std::string> pass(unsigned how, std::string_view body) {
    if (how % 3 < 2) {
      const auto out = session.on_post(body, how % 3 == 0, tap(), now);
      return out ? std::optional(out->text) : std::nullopt;
    }
    auto answer = parse_json(body);
    if (!answer || !answer->is_object()) return std::nullopt;  // as Connection::on_longpoll_answer
    return session.on_answer(std::move(*answer), tap(), now).text;
  }

  scenario::FaultEngine engine{{}};
  LongPollSession session;
  Instant now{};
  Messages seen;
};

bool is_answer(const std::string& text) {
  const auto json = parse_json(text);
  return json && json->is_object() && json->contains("messages") && json->at("messages").is_array();
}

/// What goes on is read by the other side as the same messages.
void compare_without_rules(World& world, unsigned how, std::string_view body) {
  const auto out = world.pass(how, body);
  PHX_INVARIANT(world.session.take_lost() == 0 && !world.session.take_news("T", world.now));
  PHX_INVARIANT(out.has_value() || world.seen.empty());
  if (!out) return;
  World other(0);
  PHX_INVARIANT(other.pass(how, *out) == out);
  PHX_INVARIANT(other.seen == world.seen);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const unsigned first = input.empty() ? 0 : static_cast<unsigned char>(input.front());
  input.remove_prefix(std::min<std::size_t>(1, input.size()));
  World world(first);
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\x1e'));  // record separator: bodies have lines of their own
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    if (line.empty()) continue;
    const auto how = static_cast<unsigned char>(line.front());
    const std::string_view body = line.substr(1);
    World plain(first & 64U);
    compare_without_rules(plain, how, body);
    const auto out = world.pass(how, body);
    PHX_INVARIANT(how % 3 < 2 || !out || is_answer(*out));
    if ((how & 32U) != 0) world.now += std::chrono::seconds(1);
    while (world.session.next_deadline() && *world.session.next_deadline() <= world.now) world.session.on_deadline(world.now);
    if (const auto news = world.session.take_news("T", world.now)) PHX_INVARIANT(is_answer(news->text));
    PHX_INVARIANT(!world.session.take_news("T", world.now));
    (void)world.session.take_lost();
  }
  return 0;
}
