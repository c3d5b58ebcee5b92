// The opening: server.md 1; and long-poll: server.md 3.
#include "bench.hpp"
#include "checks.hpp"

namespace phx::conformance {
namespace {

void refused_with(Bench& b, testing::Dial dial, int status, std::string_view what) {
  const Client c = b.dial(std::move(dial));
  expect(!c.opened(), std::string(what) + " must be refused, the connection was opened");
  expect_equal(c.ended()->http_status, status, std::string(what) + ": HTTP status");
}

void connects(Bench& b) { b.connect(); }

void bad_vsn(Bench& b) { refused_with(b, b.dialling("9.0.0"), 403, "an unknown vsn"); }

void token(Bench& b) {
  need(b.is().refused_params.is_object(), "no refused_params");
  testing::Dial dial = b.dialling();
  dial.params.update(b.is().refused_params);
  refused_with(b, std::move(dial), 403, "a bad token");
}

void origin(Bench& b) {
  need(!b.is().foreign_origin.empty(), "no foreign_origin");
  testing::Dial dial = b.dialling();
  dial.headers = {{"origin", b.is().foreign_origin}};
  refused_with(b, std::move(dial), 403, "a foreign origin");
}

void client_close(Bench& b) {
  Client c = b.connect();
  c.close(1000);
  c.closes(1000, "a close by the client");
}

std::string open_session(Bench& b) {
  need(b.is().longpoll, "longpoll is off");
  const Json opened = b.poll("GET", {});
  expect_equal(opened["status"], 410, "status of a new session");
  expect(opened.contains("token") && opened["token"].is_string(), "a new session has a token, got " + opened.dump());
  expect_equal(opened.value("messages", Json()), Json::array(), "messages of a new session");
  return opened["token"];
}

void session(Bench& b) {
  const std::string token = open_session(b);
  expect_equal(b.poll("POST", token, R"([null,"1","phoenix","heartbeat",{}])")["status"], 200, "status of a POST");
  const Json got = b.poll("GET", token);
  expect_equal(got["status"], 200, "status of a GET with messages");
  expect_equal(got["token"], token, "token");
  expect(got["messages"].is_array() && got["messages"].size() == 1, "one message is waiting, got " + got.dump());
  const auto frame = parse_json(got["messages"][0].get<std::string>());
  expect(frame && frame->is_array() && frame->size() == 5, "a message is the text of a V2 frame, got " + got.dump());
  expect_equal((*frame)[1], "1", "ref of the heartbeat's reply");
}

void batch(Bench& b) {
  const std::string token = open_session(b);
  std::string body;
  for (int i = 1; i <= 3; ++i) body += (i > 1 ? "\n[null,\"" : "[null,\"") + std::to_string(i) + R"(","phoenix","heartbeat",{}])";
  expect_equal(b.poll("POST", token, body, {{"content-type", "application/x-ndjson"}})["status"], 200,
               "status of a POST of three messages");
  Json all = Json::array();
  for (int polls = 0; polls < 3 && all.size() < 3; ++polls) {
    const Json got = b.poll("GET", token);
    for (const Json& message : got["messages"]) all.push_back(parse_json(message.get<std::string>()).value_or(Json::array({0, 0}))[1]);
  }
  expect_equal(all, Json::array({"1", "2", "3"}), "refs of the replies, in order");
}

void dead_token(Bench& b) {
  need(b.is().longpoll, "longpoll is off");
  expect_equal(b.poll("POST", "no-such-token", R"([null,"1","phoenix","heartbeat",{}])")["status"], 410,
               "status of a POST without session");
}

void longpoll_origin(Bench& b) {
  need(b.is().longpoll && !b.is().foreign_origin.empty(), "longpoll is off, or no foreign_origin");
  expect_equal(b.poll("GET", {}, {}, {{"origin", b.is().foreign_origin}})["status"], 403, "status for a foreign origin");
}

}  // namespace

std::vector<Check> connect_checks() {
  return {
      {"connect.ok", "server.md 1.3", "a WebSocket is opened", connects},
      {"connect.vsn", "server.md 1.4", "a vsn that no serializer has is refused with 403", bad_vsn},
      {"connect.token", "server.md 1.8", "what the connect callback refuses gets 403", token},
      {"connect.origin", "server.md 1.5", "a foreign origin is refused with 403", origin},
      {"close.client", "server.md 2.2", "a client's close is answered with 1000", client_close},
  };
}

std::vector<Check> longpoll_checks() {
  return {
      {"longpoll.session", "server.md 3.1", "GET opens a session (410, token), POST sends, GET receives", session},
      {"longpoll.batch", "server.md 3.3", "an ndjson POST carries several messages, handled in order", batch},
      {"longpoll.dead_token", "server.md 3.1", "a POST without session is answered 410", dead_token},
      {"longpoll.origin", "server.md 3.1", "a foreign origin is answered 403 in the body", longpoll_origin},
  };
}

}  // namespace phx::conformance
