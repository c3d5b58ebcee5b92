#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <phx/scenario/capture.hpp>

#include "support/golden.hpp"

namespace phx::testing {

namespace detail {
inline std::vector<scenario::Capture> read_golden_captures() {
  using scenario::Direction;
  std::vector<scenario::Capture> out;
  const auto add = [](scenario::Capture& to, Direction direction, core::Opcode op, std::string raw) {
    scenario::CaptureEvent event;
    event.direction = direction;
    event.op = op;
    event.raw = std::move(raw);
    to.events.push_back(std::move(event));
  };
  for (const char* file : {"v2_join", "v2_messages", "v2_lifecycle", "v2_binary", "v1"}) {
    for (const golden::Case& one : golden::load(file)) {
      std::map<std::string, scenario::Capture> by_connection;
      for (const golden::Step& step : one.steps) {
        if (!step.is_message()) continue;
        scenario::Capture& capture = by_connection[step.conn];
        capture.header.vsn = one.vsn(step.conn) == 1 ? "1.0.0" : "2.0.0";
        add(capture, step.kind == golden::Step::Kind::send ? Direction::to_server : Direction::to_client, step.opcode(), step.data);
      }
      for (auto& [name, capture] : by_connection) out.push_back(std::move(capture));
    }
  }
  for (const golden::Case& one : golden::load("longpoll")) {
    scenario::Capture capture{.header = {.transport = "longpoll"}, .events = {}, .notes = {}};
    for (const golden::Exchange& exchange : one.exchanges) {
      if (exchange.path.find("vsn=2.0.0") == std::string::npos) continue;
      std::size_t begin = 0;
      while (exchange.method == "POST" && begin < exchange.body.size()) {
        const std::size_t end = std::min(exchange.body.find('\n', begin), exchange.body.size());
        add(capture, Direction::to_server, core::Opcode::text, exchange.body.substr(begin, end - begin));
        begin = end + 1;
      }
      const auto answer = parse_json(exchange.response.value("body", std::string()));
      if (!answer || !answer->is_object() || !answer->contains("messages")) continue;
      for (const Json& message : (*answer)["messages"]) add(capture, Direction::to_client, core::Opcode::text, message.get<std::string>());
    }
    out.push_back(std::move(capture));
  }
  return out;
}
}  // namespace detail

/// The golden transcripts as captures: what a real Phoenix answered, one capture per connection. Read once.
inline const std::vector<scenario::Capture>& golden_captures() {
  static const std::vector<scenario::Capture> all = detail::read_golden_captures();
  return all;
}

}  // namespace phx::testing
