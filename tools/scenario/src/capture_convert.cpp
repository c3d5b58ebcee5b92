// Captures as scenario and mock files. JSON is YAML too, so values are written as JSON.

#include <algorithm>
#include <map>
#include <utility>

#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>
#include <phx/scenario/capture_convert.hpp>

namespace phx::scenario {

namespace {

/// `{{` would be a template.
Json escaped(Json value) {
  if (value.is_string()) {
    auto& text = value.get_ref<std::string&>();
    for (std::size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", at + 3)) text.insert(at, "\\");
  } else if (value.is_structured()) {
    for (auto& item : value) item = escaped(std::move(item));
  }
  return value;
}

std::string plain_text(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string text_of(const Json& value) { return plain_text(escaped(value)); }

Json payload_of(const CaptureEvent& frame, const core::Serializer& serializer) {
  const auto payload = frame_payload(frame, serializer);
  if (!payload) return Json::object();
  if (payload->kind == core::PayloadKind::binary) return obj("$binary", core::base64_encode(payload->text));
  return parse_json(payload->text).value_or(Json::object());
}

/// Frames of channels, each with what it says; heartbeats and what is no message are left out.
std::vector<CaptureEvent> channel_frames(const Capture& capture) {
  std::vector<CaptureEvent> out;
  for (CaptureEvent e : capture.events) {
    if (e.kind != CaptureKind::frame) continue;
    describe_frame(e, serializer_for(capture.header.vsn));
    if (e.topic && *e.topic != "phoenix" && e.event) out.push_back(std::move(e));
  }
  return out;
}

const CaptureEvent* answer_to(const std::vector<CaptureEvent>& frames, std::size_t i) {
  for (std::size_t j = i + 1; j < frames.size(); ++j) {
    const CaptureEvent& e = frames[j];
    if (e.c != frames[i].c || e.topic != frames[i].topic || e.ref != frames[i].ref) continue;
    if (e.direction == Direction::to_server) return nullptr;  // the ref is used again
    if (e.event == "phx_reply") return &e;
  }
  return nullptr;
}

bool is_plain(const CaptureEvent& e) { return e.direction == Direction::to_client && !e.event->starts_with("phx_"); }

}  // namespace

std::string capture_to_scenario(const Capture& capture) {
  const auto& serializer = serializer_for(capture.header.vsn);
  const auto frames = channel_frames(capture);
  std::map<std::uint64_t, std::string> actors;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const CaptureEvent& e = frames[i];
    std::string& steps = actors[e.c];
    const std::string topic = Json(*e.topic).dump();
    if (is_plain(e)) {
      steps += "      - expect: { on: " + topic + ", event: " + Json(*e.event).dump() + ", payload: " + text_of(payload_of(e, serializer)) +
               ", within: 5s }\n";
      continue;
    }
    if (e.direction != Direction::to_server) continue;
    const CaptureEvent* answer = answer_to(frames, i);
    std::string expect;
    if (answer && answer->status)
      expect = ", expect: { status: " + Json(*answer->status).dump() + ", response: " + text_of(payload_of(*answer, serializer)) + " }";
    const std::string payload = text_of(payload_of(e, serializer));
    if (e.event == "phx_join")
      steps += "      - join: { topic: " + topic + ", as: " + topic + ", payload: " + payload + expect + " }\n";
    else if (e.event == "phx_leave")
      steps += "      - leave: " + topic + "\n";
    else
      steps += "      - push: { on: " + topic + ", event: " + Json(*e.event).dump() + ", payload: " + payload + expect + " }\n";
  }
  std::string out = "phxkit_scenario: 1\nname: " + text_of("from a capture of " + capture.header.tool) +
                    "\nurl: " + text_of(capture.header.url) + "\nactors:\n";
  for (const auto& [c, steps] : actors) out += "  client_" + std::to_string(c) + ":\n    steps:\n      - connect: {}\n" + steps;
  return out;
}

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

std::string what_followed(const std::vector<CaptureEvent>& frames, std::size_t i, const core::Serializer& serializer) {
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
  const auto& serializer = serializer_for(capture.header.vsn);
  const auto frames = channel_frames(capture);
  std::map<std::string, MockTopic> topics;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const CaptureEvent& e = frames[i];
    if (e.direction != Direction::to_server || e.event == "phx_leave") continue;
    const CaptureEvent* answer = answer_to(frames, i);
    std::string rule = "          - { when: { payload: !exactly " + plain_text(payload_of(e, serializer)) + " }, times: 1";
    if (answer && answer->status)
      rule += ", reply: { status: " + Json(*answer->status).dump() + ", response: " + text_of(payload_of(*answer, serializer)) + " }";
    std::string followed = what_followed(frames, i, serializer);
    if (pushes_come_first(frames, i, answer)) followed.resize(followed.rfind(", reply_first"));
    rule += followed;
    rule += " }\n";
    MockTopic& topic = topics[*e.topic];
    (e.event == "phx_join" ? topic.joins : topic.rules(*e.event)) += rule;
  }
  std::string out = "phxkit_mock: 1\nname: " + text_of("from a capture of " + capture.header.tool) + "\nchannels:\n";
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
