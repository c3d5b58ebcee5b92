// Captures as scenario files. JSON is YAML too, so values are written as JSON.

#include <algorithm>
#include <map>
#include <utility>

#include <phx/core/json_text.hpp>
#include <phx/scenario/capture_convert.hpp>
#include <phx/scenario/mask.hpp>

#include "capture_frames.hpp"

namespace phx::scenario {

namespace {

constexpr int max_depth = 60;          // YAML files may nest 100 deep, steps included
constexpr std::size_t max_key = 1000;  // YAML: bytes of a key on one line

bool has_long_key(const Json& value) {
  if (!value.is_structured()) return false;
  for (const auto& [key, item] : value.items())
    if ((value.is_object() && plain_text(key).size() > max_key) || has_long_key(item)) return true;
  return false;
}

bool is_masked(const Json& value) {
  return value.is_string() && value.get_ref<const std::string&>().find(masked_text) != std::string::npos;
}

/// What another run answers, too.
class PatternText {
 public:
  explicit PatternText(const std::vector<std::string>& changing) : changing_(changing) {}

  std::string of(const Json& value) const {
    if (is_masked(value)) return "!any";
    if (!value.is_structured()) return text_of(value);
    std::string out;
    for (const auto& [key, item] : value.items()) {
      if (value.is_object() && is_masked(key)) continue;
      const bool changes = value.is_object() && std::ranges::find(changing_, key) != changing_.end();
      out += (out.empty() ? "" : ", ") + (value.is_object() ? plain_text(key) + ": " : std::string()) + (changes ? "!any" : of(item));
    }
    return value.is_object() ? "{" + out + "}" : "[" + out + "]";
  }

 private:
  const std::vector<std::string>& changing_;
};

constexpr std::int64_t second = 1'000'000'000, longest = 86'400 * second;  // in nanoseconds

/// Whole seconds for what took so long, with room to spare.
std::string limit_text(std::int64_t took, std::int64_t more) {
  return std::to_string((std::clamp<std::int64_t>(took, 0, longest) + more + second - 1) / second) + "s";
}

/// The join that a message belongs to; V1 says it in the ref of phx_close and phx_error.
std::string join_of(const CaptureEvent& e) {
  const std::string join_ref = e.join_ref.value_or("null");
  return join_ref != "null" ? join_ref : e.ref.value_or("null");
}

/// The SDK takes ws and wss; a scenario too. Empty: neither.
std::string socket_url(std::string url) {
  if (url.starts_with("http")) url.replace(0, 4, "ws");
  return url.starts_with("ws://") || url.starts_with("wss://") ? url : std::string();
}

class ScenarioWriter {
 public:
  ScenarioWriter(const Capture& capture, const std::vector<std::string>& changing)
      : capture_(capture), connections_(capture), frames_(channel_frames(capture, connections_)), pattern_(changing) {
    for (const CaptureEvent& e : capture.events) last_ = std::max(last_, e.t);
  }

  std::string write() {
    std::size_t next = 0;  // of frames_
    for (const CaptureEvent& e : capture_.events) {
      if (e.kind == CaptureKind::open) connect(e);
      if (e.kind == CaptureKind::close) closed(e);
      if (e.kind != CaptureKind::frame || next == frames_.size() || !is_same(e, frames_[next])) continue;
      frame(next++);
    }
    if (clients_.empty()) connect(CaptureEvent{});
    return text();
  }

 private:
  enum class Standing : std::uint8_t { out, joined, ended };
  struct Topic {
    Standing standing = Standing::out;
    std::string join;  // join_ref of the last
  };
  struct Client {
    std::string steps;
    bool over = false;
    std::map<std::string, Topic> topics;
    std::int64_t last = 0;  // when something of it was written
  };

  static bool is_same(const CaptureEvent& a, const CaptureEvent& b) {
    return a.t == b.t && a.c == b.c && a.direction == b.direction && a.raw == b.raw && a.op == b.op;
  }

  static void step(Client& client, const std::string& text) { client.steps += "    - " + text + "\n"; }
  static void left_out(Client& client, const CaptureEvent& e, const char* why) {
    client.steps += "    # left out: " + plain_text(*e.event) + " on " + plain_text(*e.topic) + ", " + why + "\n";
  }

  /// Another client goes on: it waits for what came before.
  void turn(std::uint64_t c) {
    const std::uint64_t before = std::exchange(speaking_, c);
    if (before == c || before == 0) return;
    const std::string sync = "sync: { point: turn " + std::to_string(++turns_) + ", within: " + time_limit() + " }";
    step(clients_[before], sync);
    step(clients_[c], sync);
  }

  std::string time_limit() const { return limit_text(last_, 60 * second); }
  /// As long as it took, and more.
  static std::string within(Client& client, const CaptureEvent& e) {
    const std::int64_t took = e.t - std::exchange(client.last, e.t);
    return "within: " + limit_text(took, 5 * second);
  }

  void connect(const CaptureEvent& e) {
    if (clients_.contains(e.c)) return;
    Client& client = clients_[e.c];
    turn(e.c);
    client.last = e.t;
    const CaptureConnection& how = connections_.of(e.c);
    Json params = Json::object();
    std::string masked, options;
    for (const auto& [name, value] : how.params) {
      if (is_masked(Json(value)))
        masked += (masked.empty() ? "" : ", ") + plain_text(name);
      else if (plain_text(name).size() <= max_key)
        params[name] = value;
    }
    const auto option = [&](const std::string& text) { options += (options.empty() ? " " : ", ") + text; };
    if (url_.empty()) url_ = socket_url(how.url);
    if (const std::string url = socket_url(how.url); !url.empty() && url != url_) option("url: " + text_of(url));
    if (!params.empty()) option("params: " + text_of(params));
    if (how.vsn.starts_with("1.")) option("vsn: 1.0.0");
    if (how.transport == "longpoll") option("transport: longpoll");
    if (!masked.empty()) client.steps += "    # masked in the capture: " + masked + "; give them with --params or --token-file\n";
    step(client, "connect: {" + options + (options.empty() ? "}" : " }"));
  }

  void closed(const CaptureEvent& e) {
    const auto found = clients_.find(e.c);
    if (found == clients_.end() || std::exchange(found->second.over, true)) return;
    Client& client = found->second;
    if (e.direction == Direction::to_server) {
      turn(e.c);
      step(client, "disconnect");
    } else if (e.direction == Direction::to_client) {
      step(client, "expect: { closed: " + (e.code ? std::to_string(*e.code) : std::string("!any")) + ", " + within(client, e) + " }");
    }
  }

  void frame(std::size_t i) {
    const CaptureEvent& e = frames_[i];
    connect(e);
    Client& client = clients_[e.c];
    if (client.over) return;
    const Json payload = payload_of(e, connections_.serializer(e.c));
    if (e.event == "phx_reply") return;  // stands with what it answers
    if (e.topic->empty() || e.event->empty() || !fits(payload)) return left_out(client, e, "which a scenario cannot say");
    if (e.direction == Direction::to_client) return received(client, e, payload);
    if (e.event == "phx_join") return join(client, i, payload);
    if (e.event == "phx_leave") return leave(client, e);
    push(client, i, payload);
  }

  static bool fits(const Json& payload) {
    return !core::check_json(plain_text(payload), {.max_depth = max_depth}) && !has_long_key(payload);
  }

  void received(Client& client, const CaptureEvent& e, const Json& payload) {
    Topic& topic = client.topics[*e.topic];
    const bool ends = (e.event == "phx_error" || e.event == "phx_close") && join_of(e) == topic.join;
    if (topic.standing != Standing::joined || (!ends && !is_plain(e))) return;
    if (ends) topic.standing = Standing::ended;
    step(client, "expect: { on: " + plain_text(*e.topic) + ", event: " + plain_text(*e.event) + ", payload: " + pattern_.of(payload) +
                     ", " + within(client, e) + " }");
  }

  /// Empty: it was not answered, or with what cannot be said.
  std::string expectation(Client& client, const CaptureEvent* answer) {
    if (!answer || !answer->status) return {};
    const Json response = payload_of(*answer, connections_.serializer(answer->c));
    return "expect: { status: " + plain_text(*answer->status) + (fits(response) ? ", response: " + pattern_.of(response) : "") + ", " +
           within(client, *answer) + " }";
  }

  void join(Client& client, std::size_t i, const Json& payload) {
    const CaptureEvent& e = frames_[i];
    const CaptureEvent* answer = answer_to(frames_, i);
    const std::string expect = expectation(client, answer);
    if (expect.empty()) return left_out(client, e, "which was not answered");
    turn(e.c);
    const std::string name = plain_text(*e.topic);
    Topic& topic = client.topics[*e.topic];
    if (topic.standing != Standing::out) step(client, "leave: " + name);
    step(client, "join: { topic: " + text_of(*e.topic) + ", as: " + name + ", payload: " + text_of(payload) + ", " + expect + " }");
    topic = {answer->status == "ok" ? Standing::joined : Standing::out, join_of(e)};
  }

  void leave(Client& client, const CaptureEvent& e) {
    if (std::exchange(client.topics[*e.topic].standing, Standing::out) == Standing::out) return;
    turn(e.c);
    step(client, "leave: " + plain_text(*e.topic));
  }

  void push(Client& client, std::size_t i, const Json& payload) {
    const CaptureEvent& e = frames_[i];
    if (client.topics[*e.topic].standing != Standing::joined) return left_out(client, e, "which was not joined");
    turn(e.c);
    const std::string expect = expectation(client, answer_to(frames_, i));
    step(client, "push: { on: " + plain_text(*e.topic) + ", event: " + text_of(*e.event) + ", payload: " + text_of(payload) +
                     (expect.empty() ? "" : ", " + expect) + " }");
  }

  std::string text() const {
    std::string out = "phxkit_scenario: 1\nname: " + plain_text("from a capture of " + capture_.header.tool) + "\n";
    if (!url_.empty()) out += "url: " + plain_text(url_) + "\n";
    out += "timeout: " + time_limit() + "\nactors:\n";
    for (const auto& [c, client] : clients_) out += "  client_" + std::to_string(c) + ":\n" + client.steps;
    return out;
  }

  const Capture& capture_;
  CaptureConnections connections_;
  std::vector<CaptureEvent> frames_;
  PatternText pattern_;
  std::map<std::uint64_t, Client> clients_;
  std::string url_;
  std::uint64_t speaking_ = 0;
  std::size_t turns_ = 0;
  std::int64_t last_ = 0;  // of the capture
};

}  // namespace

std::string capture_to_scenario(const Capture& capture, const std::vector<std::string>& changing) {
  return ScenarioWriter(capture, changing).write();
}

}  // namespace phx::scenario
