#include <phx/mock/mock_file.hpp>

#include <algorithm>

#include <phx/core/base64.hpp>

#include "mock_channel_file.hpp"

namespace phx::mock {

using scenario::TemplateNames;
using scenario::Yaml;

namespace {

std::string http_path(const Yaml& at, const std::string& path) {
  if (!path.starts_with('/')) at.fail("a path begins with a slash, as in /socket");
  return path;
}

MockSocket parse_socket(const Yaml::Entry& entry) {
  MockSocket out{http_path(entry.value, entry.key), {}};
  if (entry.value.is_null()) return out;
  entry.value.only_keys({"refuse"});
  const Yaml* refuse = entry.value.find("refuse");
  if (!refuse) return out;
  for (const Yaml* r : one_or_many(*refuse)) {
    r->only_keys({"when", "status", "body"});
    MockRefusal refusal;
    if (const Yaml* when = r->find("when")) {
      when->only_keys({"params"});
      if (const Yaml* params = when->find("params")) refusal.params = Pattern::from_yaml(*params, TemplateNames{});
    }
    if (const Yaml* status = r->find("status")) refusal.status = static_cast<int>(status->integer(300, 599));
    if (const Yaml* body = r->find("body")) refusal.body = body->string();
    out.refuse.push_back(std::move(refusal));
  }
  return out;
}

MockRoute parse_route(const Yaml::Entry& entry) {
  const std::size_t space = entry.key.find(' ');
  MockRoute out;
  out.method = entry.key.substr(0, space);
  out.path = space == std::string::npos ? "" : entry.key.substr(space + 1);
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (!out.path.starts_with('/') || out.method.empty() || !std::ranges::all_of(out.method, upper))
    entry.value.fail("a route is METHOD /path, as in 'GET /api/rooms/:id'");
  if (out.path.starts_with("/__mock")) entry.value.fail("/__mock belongs to the mock server itself");
  entry.value.only_keys({"status", "headers", "body"});
  if (const Yaml* status = entry.value.find("status")) out.status = static_cast<int>(status->integer(200, 599));
  if (const Yaml* headers = entry.value.find("headers"))
    for (const auto& header : headers->entries()) out.headers.emplace_back(header.key, header.value.string());
  if (const Yaml* body = entry.value.find("body")) {
    out.body = JsonTemplate::from_yaml(*body, {.variables = {"params", "method", "path"}, .env = {}});
    out.has_body = true;
  }
  return out;
}

void parse_faults(const Yaml& list, scenario::FaultSteps& out) {
  for (const Yaml& fault : list.items()) {
    const auto steps = scenario::parse_fault(fault.json());
    if (!steps) fault.fail(steps.error());
    out.insert(out.end(), steps->begin(), steps->end());
  }
}

MockExpectation parse_expectation(const Yaml& e) {
  e.only_keys({"topic", "event", "payload", "count"});
  MockExpectation out;
  out.line = e.place().line;
  out.event = e.at("event").string();
  if (const Yaml* topic = e.find("topic")) out.topic = topic->string();
  if (const Yaml* payload = e.find("payload")) out.payload = Pattern::from_yaml(*payload, TemplateNames{});
  if (const Yaml* count = e.find("count")) out.count = static_cast<std::uint64_t>(count->integer(1));
  return out;
}

}  // namespace

MockFile MockFile::parse(std::string_view text, const std::string& file) {
  const Yaml root = Yaml::parse(text, file);
  if (!root.is_mapping() || !root.find("phxkit_mock")) root.fail("no mock file: it begins with 'phxkit_mock: 1'");
  root.only_keys({"phxkit_mock", "name", "sockets", "channels", "routes", "faults", "expect"});
  if (root.at("phxkit_mock").integer() != 1) root.at("phxkit_mock").fail("this program reads version 1");
  MockFile out;
  if (const Yaml* name = root.find("name")) out.name = name->string();
  if (const Yaml* sockets = root.find("sockets"))
    for (const auto& entry : sockets->entries()) out.sockets.push_back(parse_socket(entry));
  if (out.sockets.empty()) out.sockets.push_back({"/socket", {}});
  if (const Yaml* channels = root.find("channels"))
    for (const auto& entry : channels->entries()) out.channels.push_back(parse_channel(entry));
  if (const Yaml* routes = root.find("routes"))
    for (const auto& entry : routes->entries()) out.routes.push_back(parse_route(entry));
  if (const Yaml* faults = root.find("faults")) parse_faults(*faults, out.faults);
  if (const Yaml* expect = root.find("expect"))
    for (const Yaml& e : expect->items()) out.expect.push_back(parse_expectation(e));
  return out;
}

bool MockChannelScript::matches(std::string_view topic) const noexcept {
  if (!pattern.ends_with('*')) return topic == pattern;
  return topic.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
}

const MockChannelScript* MockFile::find(std::string_view topic) const noexcept {
  const auto found = std::ranges::find_if(channels, [&](const MockChannelScript& c) { return c.matches(topic); });
  return found == channels.end() ? nullptr : &*found;
}

const MockSocket* MockFile::socket(std::string_view path) const noexcept {
  const auto found = std::ranges::find(sockets, path, &MockSocket::path);
  return found == sockets.end() ? nullptr : &*found;
}

std::string MockExpectation::text() const {
  std::string out = std::to_string(count) + " x " + event + " on " + topic;
  if (!payload.is_any()) out += " with " + payload.describe();
  return out;
}

std::optional<std::string> binary_of(const Json& payload) {
  if (!payload.is_object() || payload.size() != 1 || !payload.contains("$binary") || !payload["$binary"].is_string()) return std::nullopt;
  return core::base64_decode(payload["$binary"].get_ref<const std::string&>());
}

}  // namespace phx::mock
