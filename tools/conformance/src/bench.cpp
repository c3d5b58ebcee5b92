#include "bench.hpp"

#include <phx/core/client/url.hpp>

namespace phx::conformance {
namespace {

std::string cut(std::string_view text) { return text.size() <= 200 ? std::string(text) : std::string(text.substr(0, 200)) + "..."; }

Json json_of(std::string_view text, core::PayloadKind kind) {
  if (kind == core::PayloadKind::binary) return Json::binary({text.begin(), text.end()});
  return parse_json(text).value_or(Json());
}

Message read(const core::Serializer& serializer, const testing::Frame& frame, std::string_view what) {
  core::EnvelopeScratch scratch;
  const auto in = serializer.decode_server(frame.op, frame.bytes, scratch);
  if (!in)
    throw Fault(std::string(what) + ": got a frame that is no message of vsn " + std::string(serializer.vsn()) + ": " + cut(frame.bytes));
  Message out{.join_ref = std::string(in->join_ref),
              .ref = std::string(in->ref),
              .topic = std::string(in->topic),
              .event = std::string(in->event),
              .status = {},
              .payload = {},
              .is_binary = frame.op == core::Opcode::binary,
              .text = cut(frame.bytes)};
  if (in->event != "phx_reply") {
    out.payload = json_of(in->payload, in->payload_kind);
    return out;
  }
  std::string status;
  const auto reply = core::read_reply(*in, status);
  if (!reply) throw Fault(std::string(what) + ": a phx_reply without status: " + out.text);
  out.status = reply->status;
  out.payload = json_of(reply->response, reply->kind);
  return out;
}

std::string describe(const testing::Ending& end) {
  if (end.http_status != 0) return "refused with HTTP status " + std::to_string(end.http_status);
  return "closed with code " + std::to_string(end.code);
}

}  // namespace

void expect(bool holds, const std::string& what) {
  if (!holds) throw Fault(what);
}

void expect_equal(const Json& got, const Json& expected, std::string_view what) {
  if (got == expected) return;
  const auto text = [](const Json& v) { return cut(v.dump(-1, ' ', false, Json::error_handler_t::replace)); };
  throw Fault(std::string(what) + ": expected " + text(expected) + ", got " + text(got));
}

void need(bool holds, const std::string& what) {
  if (!holds) throw NotApplicable(what);
}

Client::Client(testing::Target& target, const Description& description, const testing::Dial& dial)
    : target_(target),
      description_(description),
      serializer_(dial.vsn.starts_with("1.") ? core::v1_serializer() : core::v2_serializer()),
      peer_(target.dial(dial)) {
  const Instant deadline = target_.now() + description_.timeout;
  while (!peer_->opened && !peer_->ended && target_.wait(deadline)) {}
  if (!peer_->opened && !peer_->ended) throw Fault("the connection was neither opened nor refused");
}

bool Client::wait_for_news(Duration limit) {
  const Instant deadline = target_.now() + limit;
  while (peer_->inbox.empty() && !peer_->ended && target_.now() < deadline && target_.wait(deadline)) {}
  return !peer_->inbox.empty();
}

void Client::send(std::string_view join_ref, std::string_view ref, std::string_view topic, std::string_view event, const Json& payload) {
  core::MessageView message{.join_ref = join_ref, .ref = ref, .topic = topic, .event = event};
  std::string text;
  if (payload.is_binary()) {
    text.assign(payload.get_binary().begin(), payload.get_binary().end());
    message.payload_kind = core::PayloadKind::binary;
  } else {
    text = to_json_text(payload);
  }
  message.payload = text;
  std::string frame;
  const auto op = serializer_.encode(message, frame);
  if (!op) throw NotApplicable("cannot be sent: " + op.error().message());
  peer_->send(*op, frame);
}

Message Client::next(std::string_view what) {
  if (!wait_for_news(description_.timeout)) {
    throw Fault(std::string(what) + ": " + (peer_->ended ? "the connection was " + describe(*peer_->ended) : "nothing came"));
  }
  const testing::Frame frame = std::move(peer_->inbox.front());
  peer_->inbox.pop_front();
  return read(serializer_, frame, what);
}

Message Client::reply(std::string_view ref, std::string_view what) {
  Message m = next(what);
  if (m.event != "phx_reply" || m.ref != ref)
    throw Fault(std::string(what) + ": expected a phx_reply with ref " + std::string(ref) + ", got " + m.text);
  return m;
}

Message Client::join(std::string_view join_ref, std::string_view topic) {
  send(join_ref, join_ref, topic, "phx_join", description_.join_payload);
  Message m = reply(join_ref, "join of " + std::string(topic));
  expect_equal(m.status, "ok", "status of the join of " + std::string(topic));
  return m;
}

void Client::silence(std::string_view what) {
  if (wait_for_news(description_.silence)) throw Fault(std::string(what) + ": nothing must come, got " + next(what).text);
}

void Client::closes(int code, std::string_view what) {
  const Instant deadline = target_.now() + description_.timeout;
  while (!peer_->ended && target_.now() < deadline && target_.wait(deadline)) {}
  expect(peer_->ended.has_value(),
         std::string(what) + ": the connection must be closed with " + std::to_string(code) + ", it is still open");
  expect_equal(peer_->ended->code, code, std::string(what) + ": close code");
}

Client Bench::connect(std::string_view vsn) {
  Client client = dial(dialling(vsn));
  if (!client.opened()) throw Fault("cannot connect: " + describe(*client.ended()));
  return client;
}

Json Bench::poll(std::string_view method, std::string_view token, const std::string& body, const testing::HeaderList& headers) {
  Json params = is_.params;
  params["vsn"] = "2.0.0";
  if (!token.empty()) params["token"] = token;
  testing::HttpRequest request{.method = std::string(method),
                               .path = is_.path + "/longpoll?" + core::encode_query(params).value(),
                               .headers = headers,
                               .body = body};
  auto answer = target_.request(request);
  if (!answer) throw Fault("long-poll: " + answer.error());
  expect_equal(answer->status, 200, "long-poll: HTTP status");
  auto json = parse_json(answer->body);
  expect(json.has_value() && json->is_object() && json->contains("status"),
         "long-poll: the body must be JSON with a status, got " + cut(answer->body));
  return std::move(*json);
}

}  // namespace phx::conformance
