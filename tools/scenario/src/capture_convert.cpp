// Captures as mock files.

#include <map>
#include <utility>

#include <phx/scenario/capture_convert.hpp>

#include "capture_frames.hpp"

namespace phx::scenario {

namespace {

/// Rules in the order of the capture, each for one use.
struct MockTopic {
  std::string joins;
  std::vector<std::pair<std::string, std::string>> events;  // event -> rules
  std::string& rules(const std::string& event) {
    for (auto& [name, rules] : events)
      if (name == event) return rules;
    return events.emplace_back(event, "").second;
  }
};

std::string what_followed(const std::vector<CaptureEvent>& frames, std::size_t i, const CaptureConnections& connections) {
  const auto& serializer = connections.serializer(frames[i].c);
  std::string pushes;
  for (std::size_t j = i + 1; j < frames.size(); ++j) {
    const CaptureEvent& e = frames[j];
    if (e.c != frames[i].c || e.topic != frames[i].topic) continue;
    if (e.direction == Direction::to_server) break;
    if (is_plain(e))
      pushes += (pushes.empty() ? "" : ", ") + std::string("{ event: ") + Json(*e.event).dump() +
                ", payload: " + text_of(payload_of(e, serializer)) + " }";
  }
  return pushes.empty() ? "" : ", push: [ " + pushes + " ], reply_first: true";
}

bool pushes_come_first(const std::vector<CaptureEvent>& frames, std::size_t i, const CaptureEvent* answer) {
  for (std::size_t j = i + 1; j < frames.size() && &frames[j] != answer; ++j)
    if (frames[j].c == frames[i].c && frames[j].topic == frames[i].topic && is_plain(frames[j])) return answer != nullptr;
  return false;
}

}  // namespace

std::string capture_to_mock(const Capture& capture) {
  const CaptureConnections connections(capture);
  const auto frames = channel_frames(capture, connections);
  std::map<std::string, MockTopic> topics;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const CaptureEvent& e = frames[i];
    if (e.direction != Direction::to_server || e.event == "phx_leave") continue;
    const auto& serializer = connections.serializer(e.c);
    const CaptureEvent* answer = answer_to(frames, i);
    std::string rule = "          - { when: { payload: !exactly " + plain_text(payload_of(e, serializer)) + " }, times: 1";
    if (answer && answer->status)
      rule += ", reply: { status: " + Json(*answer->status).dump() + ", response: " + text_of(payload_of(*answer, serializer)) + " }";
    std::string followed = what_followed(frames, i, connections);
    if (pushes_come_first(frames, i, answer)) followed.resize(followed.rfind(", reply_first"));
    rule += followed;
    rule += " }\n";
    MockTopic& topic = topics[*e.topic];
    (e.event == "phx_join" ? topic.joins : topic.rules(*e.event)) += rule;
  }
  std::string out = "phxkit_mock: 1\nname: " + plain_text("from a capture of " + capture.header.tool) + "\nchannels:\n";
  for (const auto& [topic, rules] : topics) {
    out +=
        "    " + Json(topic).dump() + ":\n      join:\n" + (rules.joins.empty() ? "          - { reply: { status: ok } }\n" : rules.joins);
    if (!rules.events.empty()) out += "      on:\n";
    for (const auto& [event, text] : rules.events) out += "        " + Json(event).dump() + ":\n" + text;
  }
  if (topics.empty()) out += "    \"*\": {}\n";
  return out;
}

}  // namespace phx::scenario
