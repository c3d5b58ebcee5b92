#include "longpoll_session.hpp"

#include <algorithm>
#include <utility>

#include <phx/core/base64.hpp>

namespace phx::relay {

using core::Opcode;
using scenario::Deliver;
using scenario::Direction;

namespace {

/// The first byte of a binary V2 frame is its kind, 0 to 2; JSON text does not begin so (server.md 3.4).
Opcode opcode_of(std::string_view message) {
  return !message.empty() && static_cast<unsigned char>(message.front()) <= 2 ? Opcode::binary : Opcode::text;
}

std::string line_of(const Deliver& message) { return message.op == Opcode::text ? message.bytes : core::base64_encode(message.bytes); }

}  // namespace

LongPollSession::LongPollSession(scenario::FaultEngine& engine, const core::Serializer& serializer) : link_(engine, serializer) {}

void LongPollSession::pass(Direction direction, Opcode op, std::string_view bytes, const Tap& tap, Instant now) {
  ++(direction == Direction::to_server ? received_ : sent_);
  tap(direction, op, bytes);
  link_.on_message({direction, op, bytes}, now, actions_);
  sort_out();
}

void LongPollSession::sort_out() {
  for (auto& action : std::exchange(actions_, {})) {
    if (auto* message = std::get_if<Deliver>(&action))
      (message->direction == Direction::to_server ? to_server_ : to_client_).push_back(std::move(*message));
    else
      close_code_ = std::get<scenario::CloseLink>(action).code;
  }
}

std::optional<LongPollSession::Body> LongPollSession::on_post(std::string_view body, bool ndjson, const Tap& tap, Instant now) {
  while (ndjson && !body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    std::string_view line = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    while (line.ends_with('\r')) line.remove_suffix(1);  // blanks behind JSON: of several the other side would take one for its own
    const auto bytes = line.starts_with('[') ? std::nullopt : core::base64_decode(line);
    if (!line.empty()) pass(Direction::to_server, bytes ? Opcode::binary : Opcode::text, bytes ? std::string_view(*bytes) : line, tap, now);
  }
  if (!ndjson) pass(Direction::to_server, Opcode::text, body, tap, now);
  if (to_server_.empty()) return std::nullopt;
  Body out{.text = {}, .at = now};
  for (const Deliver& message : std::exchange(to_server_, {})) {
    if (!ndjson && !out.text.empty()) {
      ++lost_;
      continue;
    }
    out.text += (out.text.empty() ? "" : "\n") + line_of(message);
    out.at = std::max(out.at, message.at);
  }
  return out;
}

Json LongPollSession::messages_for_client(Instant& at) {
  Json out = Json::array();
  for (Deliver& message : std::exchange(to_client_, {})) {
    at = std::max(at, message.at);
    out.push_back(std::move(message.bytes));
  }
  return out;
}

LongPollSession::Body LongPollSession::on_answer(Json answer, const Tap& tap, Instant now) {
  Json messages = std::exchange(answer["messages"], Json::array());
  const bool had = messages.is_array() && !messages.empty();
  if (messages.is_array()) {
    for (const Json& message : messages) {
      const std::string bytes = message.is_string() ? message.get<std::string>() : to_json_text(message);
      pass(Direction::to_client, opcode_of(bytes), bytes, tap, now);
    }
  }
  Body out{.text = {}, .at = now};
  answer["messages"] = messages_for_client(out.at);
  if (answer["messages"].empty() && had) answer["status"] = 204;  // as a poll whose time is up
  if (!answer["messages"].empty()) answer["status"] = 200;
  out.text = answer.dump(-1, ' ', false, Json::error_handler_t::replace);
  return out;
}

std::optional<LongPollSession::Body> LongPollSession::take_news(std::string_view token, Instant now) {
  if (to_client_.empty()) return std::nullopt;
  Body out{.text = {}, .at = now};
  Json messages = messages_for_client(out.at);
  out.text =
      obj("status", 200, "token", std::string(token), "messages", std::move(messages)).dump(-1, ' ', false, Json::error_handler_t::replace);
  return out;
}

void LongPollSession::on_deadline(Instant now) {
  link_.on_deadline(now, actions_);
  sort_out();
}

void LongPollSession::close(std::uint16_t code) {
  link_.close();
  close_code_ = code;
}

}  // namespace phx::relay
