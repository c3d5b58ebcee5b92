#include "conformance/player.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

#include "conformance/exchange_player.hpp"
#include "conformance/http.hpp"

namespace phx::conformance {

using golden::Step;

namespace {

// Frames of different connections are independent actors in the server: what the recorder sent with a pause needs one here.
constexpr milliseconds between_senders{20};
// After the last step nothing more may come.
constexpr milliseconds at_the_end{20};

[[noreturn]] void differ(const std::string& what) { throw std::runtime_error(what); }

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      out += c;
    } else {
      out += "%" + golden::to_hex(std::string_view(&c, 1));
    }
  }
  return out;
}

// V2 array or V1 object.
std::string field(const Json& message, std::size_t index, const char* name) {
  const Json* value = nullptr;
  if (message.is_array() && message.size() > index) value = &message[index];
  if (message.is_object() && message.contains(name)) value = &message.at(name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}
std::string topic_of(const Json& message) { return field(message, 2, "topic"); }
std::string event_of(const Json& message) { return field(message, 3, "event"); }

std::optional<Json> message_of(const Step& step) {
  if (step.type != "text") return std::nullopt;
  Json message = Json::parse(step.json.value("inflated", step.data), nullptr, false);
  if (message.is_discarded()) return std::nullopt;
  return message;
}

bool is_presence(const Json& message) { return event_of(message).starts_with("presence_"); }

void compare_heads(const HttpAnswer& got, const Json& expected, Bindings& bindings) {
  const auto same = [&](const char* key, const std::string& value) { return !expected.contains(key) || expected.at(key) == value; };
  if (got.status != expected.at("status").get<int>() || !same("http", got.version) || !same("reason", got.reason)) {
    differ("expected status " + expected.at("status").dump() + ", got " + got.version + " " + std::to_string(got.status) + " " +
           got.reason + " " + got.body);
  }
  auto left = got.headers;
  for (const Json& header : expected.value("headers", Json::array())) {
    const auto name = header.at(0).get<std::string>();
    const auto value = header.at(1).get<std::string>();
    const auto found =
        std::find_if(left.begin(), left.end(), [&](const auto& h) { return h.first == name && bindings.matches_text(value, h.second); });
    if (found == left.end()) differ("expected header " + name + ": " + value);
    left.erase(found);
  }
  if (expected.contains("headers") && !left.empty()) differ("unexpected header " + left.front().first + ": " + left.front().second);
  if (const auto body = expected.find("body"); body != expected.end() && body->is_string() && *body != got.body) {
    differ("expected body " + body->dump() + ", got " + got.body);
  }
}

}  // namespace

void Player::play(const golden::Case& which) {
  case_ = &which;
  make_tokens(which);
  play_steps(which);
  ExchangePlayer(host_, bindings_).play(which);
}

// Hint `tokens`: what the recorder's own Phoenix.Token.sign made.
void Player::make_tokens(const golden::Case& which) {
  const Json wanted = which.json.value("tokens", Json::object());
  for (const auto& [name, what] : wanted.items()) {
    std::string query = "?data=" + encoded(what.at("data").get<std::string>()) + "&salt=" + encoded(what.at("salt").get<std::string>());
    if (what.contains("signed_at")) query += "&signed_at=" + what.at("signed_at").dump();
    const Json answer = trigger(host_, obj("method", "GET", "path", "/control/token" + query));
    bindings_.matches("<" + name + ">", answer.at("token"));
  }
}

void Player::play_steps(const golden::Case& which) {
  for (std::size_t i = 0; i < which.steps.size();) {
    const Step& step = which.steps[i];
    if (step.kind != Step::Kind::nothing_more && step.wait.count() > 0) host_.pause(step.wait);
    if (step.kind != Step::Kind::send) last_sender_.clear();
    switch (step.kind) {
      case Step::Kind::connect: connect(step); break;
      case Step::Kind::send: send(step); break;
      case Step::Kind::recv: i += receive(Steps(which.steps).subspan(i)); continue;
      case Step::Kind::nothing_more: expect_silence(step.conn, step.wait); break;
      case Step::Kind::note:
        if (step.json.contains("trigger")) trigger(host_, step.json.at("trigger"));
        break;
    }
    ++i;
  }
  if (which.json.contains("compare")) return;
  for (const auto& [name, connection] : connections_) expect_silence(name, at_the_end);
}

void Player::connect(const Step& step) {
  Connection& connection = connections_[step.conn];
  connection.stream = host_.dial();
  const std::string path = bindings_.fill(step.json.at("path").get<std::string>());
  connection.stream->write(write_head("GET", path, step.json.at("request_headers")));
  const HttpAnswer answer = read_answer(*connection.stream, connection.in, patience);
  compare_heads(answer, step.json.at("response"), bindings_);
  if (answer.status != 101) connections_.erase(step.conn);
}

void Player::send(const Step& step) {
  if (!last_sender_.empty() && last_sender_ != step.conn) host_.pause(between_senders);
  last_sender_ = step.conn;
  Connection& connection = at(step.conn);
  if (step.type == "tcp_close") {
    connections_.erase(step.conn);
    return;
  }
  if (step.type == "raw_bytes") return connection.stream->write(step.data);
  Frame frame{.payload = step.data};
  if (step.type == "binary") frame.opcode = op_binary;
  if (step.type == "close") {
    const Json& code = step.json.at("code");
    frame.opcode = op_close;
    frame.payload = close_body(code.is_null() ? std::nullopt : std::optional(code.get<std::uint16_t>()), step.json.value("reason", ""));
  }
  if (step.type == "raw_frame") {
    frame.opcode = step.json.at("opcode").get<std::uint8_t>();
    frame.fin = step.json.value("fin", true);
    frame.rsv = step.json.value("rsv", std::uint8_t{0});
  }
  connection.stream->write(write_frame(frame, step.json.value("mask", true)));
}

// All receiving steps up to the next of another kind: the order between connections is free. Returns how many.
std::size_t Player::receive(Steps from) {
  const auto end = std::find_if(from.begin(), from.end(), [](const Step& s) { return s.kind != Step::Kind::recv; });
  std::vector<std::string> order;
  std::map<std::string, std::vector<const Step*>> expected;
  for (auto step = from.begin(); step != end; ++step) {
    if (!expected.contains(step->conn)) order.push_back(step->conn);
    expected[step->conn].push_back(&*step);
  }
  for (const std::string& name : order) {
    if (case_->json.contains("compare")) {
      converge(name, expected[name]);
    } else {
      receive_on(name, std::move(expected[name]), end == from.end());
    }
  }
  return static_cast<std::size_t>(end - from.begin());
}

void Player::receive_on(const std::string& name, std::vector<const Step*> expected, bool is_last) {
  Connection& connection = at(name);
  while (!expected.empty()) {
    const auto got = next(connection, patience);
    if (!got) differ(name + ": expected " + expected.front()->json.dump() + ", nothing came");
    note_end_of_topic(connection, *got);
    auto hit = expected.begin();
    for (; hit != expected.end(); ++hit) {
      const bool free = std::all_of(expected.begin(), hit, [&](const Step* early) { return may_overtake(**hit, *early, is_last); });
      if (free && matches(**hit, *got)) break;
    }
    if (hit != expected.end()) {
      if ((*hit)->type == "tcp_fin") {
        connections_.erase(name);
        return;
      }
      expected.erase(hit);
    } else if (!tolerated(connection, *got)) {
      differ(name + ": expected " + expected.front()->json.dump() + ", got " + got->text());
    }
  }
}

// `compare: presence_converges`: replies are compared, of presence only the members after all of it.
void Player::converge(const std::string& name, const std::vector<const Step*>& expected) {
  Connection& connection = at(name);
  PresenceView& members = presence_[name];
  PresenceView target = members;
  std::vector<const Step*> replies;
  for (const Step* step : expected) {
    const Json message = message_of(*step).value();
    if (is_presence(message)) {
      target.apply(message);
    } else {
      replies.push_back(step);
    }
  }
  while (!replies.empty() || members != target) {
    const auto got = next(connection, patience);
    if (!got || !got->message) differ(name + ": expected members " + target.text() + ", have " + members.text());
    if (is_presence(*got->message)) {
      members.apply(*got->message);
    } else if (!replies.empty() && matches(*replies.front(), *got)) {
      replies.erase(replies.begin());
    } else {
      differ(name + ": unexpected " + got->text());
    }
  }
}

void Player::expect_silence(const std::string& name, milliseconds time) {
  const auto found = connections_.find(name);
  if (found == connections_.end()) return;
  while (const auto got = next(found->second, time)) {
    if (!tolerated(found->second, *got)) differ(name + ": expected nothing more, got " + got->text());
  }
}

Player::Connection& Player::at(const std::string& name) {
  const auto found = connections_.find(name);
  if (found == connections_.end()) differ("connection " + name + " is not open");
  return found->second;
}

std::optional<Player::Arrival> Player::next(Connection& connection, milliseconds time) {
  for (;;) {
    if (auto frame = take_frame(connection.in)) {
      Arrival arrival{std::move(frame), std::nullopt};
      if (arrival.frame->rsv == rsv1) arrival.frame->payload = connection.inflater.inflate(arrival.frame->payload);
      if (arrival.frame->opcode == op_text) arrival.message = Json::parse(arrival.frame->payload, nullptr, false);
      return arrival;
    }
    switch (connection.stream->read(connection.in, time)) {
      case Stream::Read::data: continue;
      case Stream::Read::silence: return std::nullopt;
      case Stream::Read::end: return Arrival{};
    }
  }
}

bool Player::matches(const Step& expected, const Arrival& got) {
  if (expected.type == "tcp_fin") return !got.frame;
  if (!got.frame) return false;
  const Frame& frame = *got.frame;
  if (!frame.fin || frame.rsv != (expected.json.contains("inflated") ? rsv1 : 0)) return false;
  if (expected.type == "text") return frame.opcode == op_text && bindings_.matches(message_of(expected).value(), *got.message);
  if (expected.type == "binary") return frame.opcode == op_binary && frame.payload == expected.data;
  if (expected.type == "ping") return frame.opcode == op_ping && frame.payload == expected.data;
  if (expected.type == "pong") return frame.opcode == op_pong && frame.payload == expected.data;
  if (expected.type != "close" || frame.opcode != op_close) return false;
  const Json& code = expected.json.at("code");
  return frame.payload ==
         close_body(code.is_null() ? std::nullopt : std::optional(code.get<std::uint16_t>()), expected.json.value("reason", ""));
}

// README.md of tests/golden, "Socket cases" and the hints `order` and `unordered`.
bool Player::may_overtake(const Step& late, const Step& early, bool is_last) const {
  if (is_last && case_->json.value("unordered", false)) return true;
  const auto a = message_of(late);
  const auto b = message_of(early);
  if (!a || !b) return false;
  if (case_->json.value("order", "") == "per_topic" && topic_of(*a) != topic_of(*b)) return true;
  const bool one_presence = is_presence(*a) != is_presence(*b);
  const Json& other = is_presence(*a) ? *b : *a;
  const bool join_reply = other.is_array() && other.size() > 1 && other[0] == other[1];
  return one_presence && event_of(other) == "phx_reply" && !join_reply;
}

// Frames that the README or the case allow without expecting them.
bool Player::tolerated(const Connection& connection, const Arrival& got) {
  if (!got.message) return false;
  for (const Json& optional : case_->json.value("optional", Json::array())) {
    if (bindings_.matches(Json::parse(optional.get<std::string>()), *got.message)) return true;
  }
  return connection.topic_ended && event_of(*got.message) == "presence_diff";
}

void Player::note_end_of_topic(Connection& connection, const Arrival& got) const {
  if (!got.message) return;
  const std::string event = event_of(*got.message);
  if (event == "phx_close" || event == "phx_error") connection.topic_ended = true;
}

std::string Player::Arrival::text() const {
  if (!frame) return "the end of the connection";
  if (frame->opcode == op_text) return frame->payload;
  return "opcode " + std::to_string(frame->opcode) + " " + golden::to_hex(frame->payload);
}

}  // namespace phx::conformance
