// The one-file page: no script, no network; details open by themselves for what failed.
#include <phx/core/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "report_text.hpp"

namespace phx::scenario {
namespace {

constexpr std::size_t most_rows = 2'000;

constexpr const char* head = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>phx test</title><style>
:root{color-scheme:light dark;--bg:#fff;--fg:#1c1e21;--dim:#6a7078;--line:#dde1e6;--card:#f6f7f9;--good:#177245;--bad:#b3261e;--in:#1f5fbf;--out:#8a4b08;--mark:#fff3c4}
@media (prefers-color-scheme:dark){:root{--bg:#15171a;--fg:#e4e6e9;--dim:#9aa1aa;--line:#30353b;--card:#1d2024;--good:#5fd08f;--bad:#ff8a80;--in:#7fb2ff;--out:#f0b27a;--mark:#4a3f12}}
body{font:15px/1.45 system-ui,sans-serif;background:var(--bg);color:var(--fg);max-width:78rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin:0 0 .2rem}.dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}
details{border:1px solid var(--line);border-radius:.5rem;margin:.6rem 0;background:var(--card)}summary{cursor:pointer;padding:.55rem .8rem;font-weight:600}
.body{padding:0 .8rem .8rem}pre{background:var(--bg);border:1px solid var(--line);border-radius:.4rem;padding:.6rem;overflow-x:auto;white-space:pre-wrap;margin:.4rem 0}
h3{font-size:1rem;margin:1rem 0 .3rem}.lane{position:relative;height:1.3rem;background:var(--bg);border:1px solid var(--line);border-radius:.3rem}
.dot{position:absolute;top:.15rem;width:.3rem;height:.9rem;border-radius:.15rem;margin-left:-.15rem}.dot.in{background:var(--in)}.dot.out{background:var(--out)}.dot.fail{background:var(--bad)}
.dot.note{background:var(--dim)}
table{border-collapse:collapse;width:100%;font:13px/1.4 ui-monospace,monospace}td{border-bottom:1px solid var(--line);padding:.15rem .5rem;vertical-align:top;word-break:break-all}
td:nth-child(-n+3){white-space:nowrap;word-break:normal}td:nth-child(4){min-width:11rem;word-break:normal}tr.in td:nth-child(2){color:var(--in)}tr.out td:nth-child(2){color:var(--out)}tr.fail{color:var(--bad)}tr.note,tr.step{color:var(--dim)}tr.near{background:var(--mark)}
</style></head><body>
)";

const char* kind_class(const TimelineEntry& e) {
  switch (e.kind) {
    case TimelineEntry::Kind::step: return "step";
    case TimelineEntry::Kind::sent: return "out";
    case TimelineEntry::Kind::received: return "in";
    case TimelineEntry::Kind::note: return "note";
    case TimelineEntry::Kind::failed: return "fail";
  }
  return "note";
}

const char* kind_word(const TimelineEntry& e) {
  switch (e.kind) {
    case TimelineEntry::Kind::step: return "step";
    case TimelineEntry::Kind::sent: return "sent &rarr;";
    case TimelineEntry::Kind::received: return e.used ? "got &larr; taken" : "got &larr;";
    case TimelineEntry::Kind::note: return "";
    case TimelineEntry::Kind::failed: return "failed";
  }
  return "";
}

std::string row(const ScenarioReport& r, const TimelineEntry& e, bool nearest) {
  const std::string what = e.kind == TimelineEntry::Kind::step ? "line " + std::to_string(e.line) : e.topic;
  return "<tr class=\"" + std::string(kind_class(e)) + (nearest ? " near" : "") + "\"><td>" + seconds_text(seconds_between(r.began, e.at)) +
         "</td><td>" + kind_word(e) + "</td><td>" + xml_escaped(what) + "</td><td>" + xml_escaped(e.event) + "</td><td>" +
         xml_escaped(e.payload) + "</td></tr>\n";
}

/// All actors share the scale, so that one sees who waited for whom.
std::string lane(const ScenarioReport& r, const ActorReport& actor) {
  std::string out = "<div class=\"lane\">";
  const double whole = std::max(r.seconds(), 1e-9);
  const std::size_t begin = actor.timeline.size() - std::min(actor.timeline.size(), most_rows);
  for (std::size_t i = begin; i < actor.timeline.size(); ++i) {
    const TimelineEntry& e = actor.timeline[i];
    if (e.kind == TimelineEntry::Kind::step) continue;
    char left[32];
    std::snprintf(left, sizeof left, "%.2f", 1 + 98 * std::clamp(seconds_between(r.began, e.at) / whole, 0.0, 1.0));
    out += "<span class=\"dot " + std::string(kind_class(e)) + "\" style=\"left:" + left + "%\" title=\"" +
           seconds_text(seconds_between(r.began, e.at)) + " s " + xml_escaped(e.event) + "\"></span>";
  }
  return out + "</div>\n";
}

std::string actor_part(const ScenarioReport& r, const ActorReport& actor) {
  std::string out = "<h3>" + xml_escaped(actor.name) + "</h3>\n" + lane(r, actor) + "<table>\n";
  const std::size_t begin = actor.timeline.size() - std::min(actor.timeline.size(), most_rows);
  if (begin > 0)
    out += "<tr class=\"note\"><td></td><td></td><td></td><td>" + std::to_string(begin) +
           " earlier entries are not shown</td><td></td></tr>\n";
  for (std::size_t i = begin; i < actor.timeline.size(); ++i)
    out += row(r, actor.timeline[i], r.failure && r.failure->actor == actor.name && r.failure->nearest == i);
  return out + "</table>\n";
}

std::string scenario_part(const ScenarioReport& r) {
  std::string out =
      r.failure ? "<details open><summary><span class=\"bad\">failed</span> " : "<details><summary><span class=\"good\">ok</span> ";
  out += xml_escaped(r.name) + " <span class=\"dim\">" + xml_escaped(r.file) + ", " + seconds_text(r.seconds()) + " s" +
         (r.attempts > 1 ? ", attempt " + std::to_string(r.attempts) : "") + "</span></summary><div class=\"body\">\n";
  if (r.failure) {
    const std::string line = r.failure->source.empty() ? "" : std::to_string(r.failure->place.line) + " | " + r.failure->source + "\n";
    out += "<pre>" + xml_escaped(line + failure_text(r)) + "</pre>\n";
  }
  for (const ActorReport& actor : r.actors) out += actor_part(r, actor);
  return out + "</div></details>\n";
}

}  // namespace

std::string html_page(const TestReport& report) {
  std::string out = head;
  out += "<h1>phx test: <span class=\"" + std::string(report.failed() > 0 ? "bad\">failed" : "good\">passed") +
         "</span></h1>\n<p class=\"dim\">" + xml_escaped(summary_text(report)) + "</p>\n";
  for (const ScenarioReport& r : report.scenarios) out += scenario_part(r);
  return out + "</body></html>\n";
}

}  // namespace phx::scenario
