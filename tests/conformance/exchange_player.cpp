#include "conformance/exchange_player.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "conformance/inflater.hpp"

namespace phx::conformance {

namespace {

[[noreturn]] void differ(const golden::Exchange& exchange, const std::string& what) {
  throw std::runtime_error("exchange \"" + exchange.label + "\": " + what);
}

/// A channel message as a value; a text that is no JSON (a binary frame) as itself.
Json message_value(const Json& text) {
  Json value = Json::parse(text.get_ref<const std::string&>(), nullptr, false);
  return value.is_discarded() ? text : value;
}

std::vector<Json> message_values(const Json& texts) {
  std::vector<Json> out;
  for (const Json& text : texts) out.push_back(message_value(text));
  return out;
}

std::string topic_token(const Json& message) {
  if (message.is_array() && message.size() > 2) return message[2].dump();
  return message.is_object() ? message.value("topic", Json()).dump() : std::string();
}

std::map<std::string, std::vector<Json>> by_topic(const std::vector<Json>& messages) {
  std::map<std::string, std::vector<Json>> out;
  for (const Json& message : messages) out[topic_token(message)].push_back(message);
  return out;
}

/// `(100 messages, last: [...])` for an answer too long to write down.
bool same_summary(const std::string& expected, const Json& got) {
  const std::size_t middle = expected.find(" messages, last: ");
  if (middle == std::string::npos || !got.is_object() || !got.contains("messages")) return false;
  const std::size_t count = std::stoul(expected.substr(1));
  const std::string last = expected.substr(middle + 17, expected.size() - middle - 18);
  const auto messages = message_values(got.at("messages"));
  return messages.size() == count && messages.back() == Json::parse(last);
}

}  // namespace

void ExchangePlayer::play(const golden::Case& which) {
  per_topic_ = which.json.value("order", "") == "per_topic";
  const Json concurrent = which.json.value("concurrent", obj("order", Json::array(), "gap_ms", 0));
  const auto together = concurrent.at("order").get<std::vector<std::size_t>>();
  for (std::size_t i = 0; i < which.exchanges.size(); ++i) {
    if (std::ranges::find(together, i) == together.end()) finish(start(which.exchanges[i]));
  }
  std::vector<Pending> pending;
  for (const std::size_t i : together) {
    pending.push_back(start(which.exchanges.at(i)));
    host_.pause(milliseconds(concurrent.at("gap_ms").get<int>()));
  }
  for (Pending& one : pending) finish(std::move(one));
}

/// Hints `before` and `during`.
void ExchangePlayer::act(const golden::Exchange& exchange, const char* when) {
  for (const Json& action : exchange.json.value(when, Json::array())) {
    if (action.contains("wait_ms")) host_.pause(milliseconds(action.at("wait_ms").get<int>()));
    if (action.contains("trigger")) trigger(host_, action.at("trigger"));
  }
}

ExchangePlayer::Pending ExchangePlayer::start(const golden::Exchange& exchange) {
  act(exchange, "before");
  Json headers = obj("host", "localhost:4100", "connection", "close");
  for (const auto& [name, value] : exchange.request.at("headers").items()) {
    headers[name] = value.is_string() ? Json(bindings_.fill(value.get<std::string>())) : value;
  }
  auto stream = host_.dial();
  stream->write(write_head(exchange.method, bindings_.fill(exchange.path), headers) + exchange.body);
  act(exchange, "during");
  return {&exchange, std::move(stream)};
}

void ExchangePlayer::finish(Pending pending) {
  std::string rest;
  const bool bodiless = pending.exchange->method == "HEAD";
  HttpAnswer answer = read_answer(*pending.stream, rest, patience, bodiless);
  // Not sent to those whose body is there already.
  if (answer.status == 100 && pending.exchange->json.contains("interim")) {
    compare_headers(answer, pending.exchange->json.at("interim"));
    answer = read_answer(*pending.stream, rest, patience, bodiless);
  }
  compare(answer, *pending.exchange);
}

void ExchangePlayer::compare(const HttpAnswer& got, const golden::Exchange& exchange) {
  const Json& expected = exchange.response;
  const auto same = [&](const char* key, const std::string& value) { return !expected.contains(key) || expected.at(key) == value; };
  if (got.status != expected.at("status").get<int>() || !same("http", got.version) || !same("reason", got.reason))
    differ(exchange, "expected status " + expected.at("status").dump() + ", got " + got.version + " " + std::to_string(got.status) + " " +
                         got.reason + " " + got.body);
  if (expected.contains("gunzipped") && Json(gunzip(got.body)) != expected.at("gunzipped"))
    differ(exchange, "expected gzip of " + expected.at("gunzipped").dump());
  const auto body = expected.find("body");
  if (body != expected.end() && !expected.contains("gunzipped") && body->is_string() && !same_body(body->get<std::string>(), got.body))
    differ(exchange, "expected body " + body->get<std::string>() + ", got " + got.body);
  try {
    compare_headers(got, expected);
  } catch (const std::runtime_error& difference) { differ(exchange, difference.what()); }
}

void ExchangePlayer::compare_headers(const HttpAnswer& got, const Json& expected) {
  if (!expected.contains("headers")) return;
  const auto body = expected.value("body", "");
  const bool volatile_body = body.find("<token:") != std::string::npos || body == "(html)";
  auto left = got.headers;
  for (const Json& header : expected.at("headers")) {
    const auto name = header.at(0).get<std::string>();
    const auto value = volatile_body && name == "content-length" ? std::to_string(got.body.size()) : header.at(1).get<std::string>();
    const auto found =
        std::ranges::find_if(left, [&](const auto& h) { return h.first == name && bindings_.matches_text(value, h.second); });
    if (found == left.end()) throw std::runtime_error("expected header " + name + ": " + value);
    left.erase(found);
  }
  if (!left.empty()) throw std::runtime_error("unexpected header " + left.front().first + ": " + left.front().second);
  for (std::size_t i = 0; i < got.headers.size(); ++i)
    if (const auto name = expected.at("headers").at(i).at(0); name != got.headers[i].first)
      throw std::runtime_error("expected header " + name.get<std::string>() + " before " + got.headers[i].first);
}

bool ExchangePlayer::same_body(const std::string& expected, const std::string& got) {
  if (expected == got) return true;
  if (expected == "(html)") return got.starts_with('<');
  const Json value = Json::parse(got, nullptr, false);
  if (value.is_discarded()) return false;
  if (expected.starts_with('(')) return same_summary(expected, value);
  Json pattern = Json::parse(expected, nullptr, false);
  if (pattern.is_discarded()) return false;
  if (!pattern.is_object() || !value.is_object() || !pattern.contains("messages")) return bindings_.matches(pattern, value);
  if (!value.contains("messages") || !same_messages(pattern.at("messages"), value.at("messages"))) return false;
  pattern["messages"] = value.at("messages");
  return bindings_.matches(pattern, value);
}

/// Messages are compared as values: the order of keys follows Erlang's maps.
bool ExchangePlayer::same_messages(const Json& expected, const Json& got) {
  const auto wanted = message_values(expected);
  const auto arrived = message_values(got);
  if (!per_topic_) return bindings_.matches(Json(wanted), Json(arrived));
  return bindings_.matches(Json(by_topic(wanted)), Json(by_topic(arrived)));
}

}  // namespace phx::conformance
