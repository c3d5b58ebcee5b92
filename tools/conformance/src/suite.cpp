#include <phx/conformance/suite.hpp>

#include <phx/scenario/yaml.hpp>

#include <algorithm>
#include <cstdio>

#include "bench.hpp"
#include "checks.hpp"

namespace phx::conformance {
namespace {

Result run_one(const Check& check, testing::Target& target, const Description& description) {
  const Instant started = target.now();
  Result result{.check = &check, .verdict = Verdict::passed, .detail = {}};
  try {
    Bench bench(target, description);
    check.run(bench);
  } catch (const Fault& fault) {
    result.verdict = Verdict::failed;
    result.detail = fault.what();
  } catch (const NotApplicable& why) {
    result.verdict = Verdict::skipped;
    result.detail = why.what();
  }
  result.took = target.now() - started;
  return result;
}

std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

std::string seconds(Duration d) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", std::chrono::duration<double>(d).count());
  return text;
}

}  // namespace

const std::vector<Check>& checks() {
  static const std::vector<Check> all = [] {
    std::vector<Check> out;
    for (const auto part : {connect_checks, channel_checks, message_checks, longpoll_checks})
      for (const Check& check : part()) out.push_back(check);
    return out;
  }();
  return all;
}

std::vector<Result> run(testing::Target& target, const Description& description, std::string_view only,
                        const std::function<void(const Result&)>& told) {
  std::vector<Result> out;
  for (const Check& check : checks()) {
    if (!check.id.starts_with(only)) continue;
    out.push_back(run_one(check, target, description));
    if (told) told(out.back());
  }
  return out;
}

Score score(const std::vector<Result>& results) {
  Score out;
  for (const Result& r : results) ++(r.verdict == Verdict::passed ? out.passed : r.verdict == Verdict::failed ? out.failed : out.skipped);
  return out;
}

std::string junit(const std::vector<Result>& results, std::string_view target) {
  const Score s = score(results);
  Duration total{};
  for (const Result& r : results) total += r.took;
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"phx conformance " + xml(target) +
                    "\" tests=\"" + std::to_string(results.size()) + "\" failures=\"" + std::to_string(s.failed) + "\" skipped=\"" +
                    std::to_string(s.skipped) + "\" errors=\"0\" time=\"" + seconds(total) + "\">\n";
  for (const Result& r : results) {
    out += "<testcase classname=\"conformance\" name=\"" + xml(r.check->id) + "\" time=\"" + seconds(r.took) + "\"";
    const std::string rule = xml(std::string(r.check->rule) + ": " + std::string(r.check->says));
    if (r.verdict == Verdict::passed) {
      out += "/>\n";
    } else if (r.verdict == Verdict::failed) {
      out += "><failure message=\"" + xml(r.detail) + "\">" + rule + "</failure></testcase>\n";
    } else {
      out += "><skipped message=\"" + xml(r.detail) + "\"/></testcase>\n";
    }
  }
  return out + "</testsuite>\n</testsuites>\n";
}

Description Description::from_yaml(std::string_view text, const std::string& file) {
  const scenario::Yaml yaml = scenario::Yaml::parse(text, file);
  yaml.only_keys({"params", "topic", "join_payload", "refused_topic", "unmatched_topic", "echo_event", "broadcast_event", "crash_event",
                  "refused_params", "foreign_origin", "v1", "binary", "longpoll", "max_message_bytes", "max_channels", "timeout",
                  "silence"});
  Description out;
  const auto text_of = [&](std::string_view key, std::string& into) {
    if (const auto* value = yaml.find(key)) into = value->is_null() ? std::string() : value->string();
  };
  const auto flag = [&](std::string_view key, bool& into) {
    if (const auto* value = yaml.find(key)) into = value->boolean();
  };
  text_of("topic", out.topic);
  text_of("refused_topic", out.refused_topic);
  text_of("unmatched_topic", out.unmatched_topic);
  text_of("echo_event", out.echo_event);
  text_of("broadcast_event", out.broadcast_event);
  text_of("crash_event", out.crash_event);
  text_of("foreign_origin", out.foreign_origin);
  flag("v1", out.v1);
  flag("binary", out.binary);
  flag("longpoll", out.longpoll);
  if (const auto* v = yaml.find("params")) out.params = v->is_mapping() ? v->json() : (v->fail("params must be a mapping"), Json());
  if (const auto* v = yaml.find("join_payload")) out.join_payload = v->json();
  if (const auto* v = yaml.find("refused_params")) out.refused_params = v->json();
  if (const auto* v = yaml.find("max_message_bytes")) out.max_message_bytes = static_cast<std::size_t>(v->integer(0, 1 << 30));
  if (const auto* v = yaml.find("max_channels")) out.max_channels = static_cast<std::size_t>(v->integer(0, 100'000));
  if (const auto* v = yaml.find("timeout")) out.timeout = v->duration();
  if (const auto* v = yaml.find("silence")) out.silence = v->duration();
  if (out.topic.empty()) yaml.fail("topic must not be empty: every check needs a topic that anybody may join");
  return out;
}

}  // namespace phx::conformance
