// Reports as text: terminal, JSON, JUnit, TAP.
#include <phx/scenario/report.hpp>

#include <phx/core/json.hpp>

#include <algorithm>
#include <cstdio>

#include "report_text.hpp"

namespace phx::scenario {
namespace {

constexpr std::size_t shown_messages = 30;

std::string paint(const Style& style, const char* code, const std::string& text) {
  return style.colour ? "\033[" + std::string(code) + "m" + text + "\033[0m" : text;
}

std::string cut(const std::string& text, std::size_t most) { return text.size() <= most ? text : text.substr(0, most - 3) + "..."; }

const ActorReport* failed_actor(const ScenarioReport& report) {
  const auto it = std::ranges::find(report.actors, report.failure->actor, &ActorReport::name);
  return it == report.actors.end() ? nullptr : &*it;
}

/// What an actor sent and got, in order; the nearest message is marked.
std::string mailbox(const ScenarioReport& report, const Style& style) {
  const ActorReport* actor = failed_actor(report);
  if (actor == nullptr) return {};
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < actor->timeline.size(); ++i)
    if (actor->timeline[i].kind != TimelineEntry::Kind::step && actor->timeline[i].kind != TimelineEntry::Kind::failed) shown.push_back(i);
  std::string out = "    what " + actor->name + " sent (>) and got (<); + marks what an expectation took\n";
  if (shown.size() > shown_messages) out += "      ... " + std::to_string(shown.size() - shown_messages) + " earlier ones\n";
  for (std::size_t k = shown.size() - std::min(shown.size(), shown_messages); k < shown.size(); ++k) {
    const TimelineEntry& e = actor->timeline[shown[k]];
    const char* sign = e.kind == TimelineEntry::Kind::sent ? ">" : e.kind == TimelineEntry::Kind::note ? "-" : e.used ? "+<" : "<";
    char time[32];
    std::snprintf(time, sizeof time, "%8.3fs %2s ", seconds_between(report.began, e.at), sign);
    std::string line = "    " + std::string(time) + (e.topic.empty() ? "" : e.topic + " ") + e.event +
                       (e.payload.empty() ? "" : " " + cut(e.payload, 160));
    const bool nearest = report.failure->nearest == shown[k];
    out += (nearest ? paint(style, "33", line + "   <-- nearest") : line) + "\n";
  }
  return out;
}

std::string capture_text(const ScenarioReport& report, const std::string& indent) {
  return report.capture.empty() ? "" : indent + "capture: " + report.capture + "\n";
}

std::string status_of(const ScenarioReport& r) { return r.failure ? "failed" : "passed"; }

}  // namespace

double seconds_between(Instant from, Instant to) { return std::chrono::duration<double>(to - from).count(); }

std::string seconds_text(double seconds) {
  char out[32];
  std::snprintf(out, sizeof out, "%.3f", seconds);
  return out;
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
      out += "?";  // XML 1.0 has no way to write them
    else
      out += c;
  }
  return out;
}

namespace {

bool is_secret(std::string key) {
  std::ranges::transform(key, key.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  static constexpr std::string_view words[] = {"password", "token", "secret", "authorization", "cookie"};
  return std::ranges::any_of(words, [&](std::string_view word) { return key.find(word) != std::string::npos; });
}

bool mask(Json& value) {
  bool changed = false;
  if (value.is_array())
    for (Json& element : value) changed = mask(element) || changed;
  if (!value.is_object()) return changed;
  for (auto it = value.begin(); it != value.end(); ++it) {
    if (is_secret(it.key()) && !it->is_null()) {
      *it = "[FILTERED]";
      changed = true;
    } else {
      changed = mask(*it) || changed;
    }
  }
  return changed;
}

/// Reports are kept and sent around: secrets do not belong there.
std::string masked(const std::string& payload) {
  auto json = parse_json(payload);
  return json && mask(*json) ? to_json_text(*json) : payload;
}

}  // namespace

ScenarioReport ScenarioReport::of(const ScenarioCore& run, std::uint32_t attempts) {
  ScenarioReport out{.file = run.scenario().file,
                     .name = run.scenario().name,
                     .tags = run.scenario().tags,
                     .failure = run.failure(),
                     .began = run.began(),
                     .end = run.end(),
                     .attempts = attempts};
  for (const auto& actor : run.actors()) {
    out.actors.push_back({actor->name(), actor->timeline()});
    for (TimelineEntry& entry : out.actors.back().timeline) entry.payload = masked(entry.payload);
  }
  return out;
}

double ScenarioReport::seconds() const { return seconds_between(began, end); }

std::size_t TestReport::failed() const {
  return static_cast<std::size_t>(std::ranges::count_if(scenarios, [](const ScenarioReport& r) { return r.failure.has_value(); }));
}

std::string failure_text(const ScenarioReport& report) {
  const Failure& f = *report.failure;
  std::string out = f.place.text() + (f.actor.empty() ? "" : " (" + f.actor + ")") + ": " + f.message + "\n";
  for (const std::string& detail : f.details) out += "  " + detail + "\n";
  return out + capture_text(report, "  ");
}

std::string terminal_text(const ScenarioReport& report, const Style& style) {
  const std::string again = report.attempts > 1 ? ", attempt " + std::to_string(report.attempts) : "";
  const std::string times = " (" + seconds_text(report.seconds()) + " s" + again + ")";
  if (!report.failure) return paint(style, "32", "ok") + "     " + report.name + times + "\n";
  const Failure& f = *report.failure;
  std::string out = paint(style, "1;31", "FAILED") + " " + paint(style, "1", report.name) + times + "\n";
  out += "  " + f.place.text() + (f.actor.empty() ? "" : ", actor " + f.actor) + "\n";
  if (!f.source.empty()) out += paint(style, "36", "    " + std::to_string(f.place.line) + " | " + f.source) + "\n";
  out += "  " + paint(style, "31", f.message) + "\n";
  for (const std::string& detail : f.details) out += "    " + detail + "\n";
  return out + mailbox(report, style) + capture_text(report, "  ");
}

std::string summary_text(const TestReport& report) {
  const std::size_t failed = report.failed();
  return std::to_string(report.scenarios.size() - failed) + " passed, " + std::to_string(failed) + " failed, " +
         std::to_string(report.skipped) + " skipped in " + seconds_text(report.seconds) + " s (seed " + std::to_string(report.seed) + ")";
}

Json to_json(const ScenarioReport& report) {
  Json out = obj("scenario", report.name, "file", report.file, "status", status_of(report), "seconds", report.seconds(), "attempts",
                 report.attempts);
  if (!report.failure) return out;
  static constexpr const char* kinds[] = {"assertion", "cannot_connect", "connect_timeout", "connection_lost", "timeout", "error"};
  const Failure& f = *report.failure;
  out["failure"] = obj("kind", kinds[static_cast<std::size_t>(f.kind)], "actor", f.actor, "line", f.place.line, "column", f.place.column,
                       "place", f.place.text(), "message", f.message, "details", f.details);
  if (!report.capture.empty()) out["capture"] = report.capture;
  const ActorReport* actor = failed_actor(report);
  if (actor == nullptr) return out;
  Json& messages = out["failure"]["messages"] = Json::array();
  for (const TimelineEntry& e : actor->timeline) {
    if (e.kind != TimelineEntry::Kind::sent && e.kind != TimelineEntry::Kind::received) continue;
    auto payload = parse_json(e.payload);
    messages.push_back(obj("t", seconds_between(report.began, e.at), "d", e.kind == TimelineEntry::Kind::sent ? "out" : "in", "topic",
                           e.topic, "event", e.event, "payload", payload ? *payload : Json(e.payload)));
  }
  return out;
}

std::string junit_xml(const TestReport& report) {
  const auto counts = " tests=\"" + std::to_string(report.scenarios.size()) + "\" failures=\"" + std::to_string(report.failed()) +
                      "\" errors=\"0\" time=\"" + seconds_text(report.seconds) + "\"";
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts + ">\n<testsuite name=\"phx test\"" + counts + ">\n";
  for (const ScenarioReport& r : report.scenarios) {
    out += "<testcase classname=\"" + xml_escaped(r.file) + "\" name=\"" + xml_escaped(r.name) + "\" file=\"" + xml_escaped(r.file) +
           "\" time=\"" + seconds_text(r.seconds()) + "\"";
    if (!r.failure) {
      out += "/>\n";
      continue;
    }
    out += ">\n<failure message=\"" + xml_escaped(r.failure->message) + "\" type=\"failure\">" +
           xml_escaped(failure_text(r) + mailbox(r, {})) + "</failure>\n</testcase>\n";
  }
  return out + "</testsuite>\n</testsuites>\n";
}

std::string tap_text(const TestReport& report) {
  std::string out = "TAP version 13\n1.." + std::to_string(report.scenarios.size()) + "\n";
  for (std::size_t i = 0; const ScenarioReport& r : report.scenarios) {
    std::string name = r.name;
    std::ranges::replace(name, '#', ' ');
    std::ranges::replace(name, '\n', ' ');
    out += std::string(r.failure ? "not ok " : "ok ") + std::to_string(++i) + " - " + name + "\n";
    if (!r.failure) continue;
    out += "  ---\n  message: " + Json(r.failure->message).dump() + "\n  at: " + Json(r.failure->place.text()).dump() + "\n";
    if (!r.failure->details.empty()) out += "  details:\n";
    for (const std::string& detail : r.failure->details)
      out += "    - " + Json(detail).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    out += "  ...\n";
  }
  return out;
}

}  // namespace phx::scenario
