// The requests of long-poll sessions: bodies are kept until they are whole, pass a LongPollSession, and go on rewritten.
#include <algorithm>
#include <utility>

#include <phx/core/json.hpp>

#include "connection.hpp"

namespace phx::relay {

using scenario::FaultLink;

namespace {

constexpr std::size_t max_sessions = 10'000;
constexpr auto session_life = std::chrono::seconds(30);  // without a request: what Phoenix gives it at the most (server.md 3.5)

std::string whole(HttpHead head, const std::string& body) {
  head.remove("Transfer-Encoding");
  head.set("Content-Length", std::to_string(body.size()));
  return head.text() + body;
}

bool is_ndjson(const HttpHead& head) { return head.field("content-type").starts_with("application/x-ndjson"); }

}  // namespace

void Shared::forget_longpolls(Instant now) {
  std::erase_if(longpolls,
                [&](const auto& entry) { return entry.second->poll.expired() && now - entry.second->last_request > session_life; });
}

void Connection::on_longpoll_bytes(Direction toward, std::string_view bytes) {
  HttpMessage& message = toward == Direction::to_server ? request_ : answer_;
  if (message.complete() || message.failed()) return;  // one request per connection
  message.feed(bytes);
  if (message.failed()) return drop();
  if (!message.complete()) return;
  if (toward == Direction::to_server)
    on_longpoll_request();
  else
    on_longpoll_answer();
}

/// The server has closed: an answer without a length is whole now.
void Connection::on_longpoll_end() {
  if (answer_.complete() || !answer_.has_head()) return;
  answer_.finish();
  if (answer_.complete()) on_longpoll_answer();
}

std::string Connection::longpoll_token() const {
  const std::string token = query_value(target_, "token");
  return token.empty() && request_.has_head() ? std::string(request_.head().field("x-phoenix-longpoll-token")) : token;
}

std::shared_ptr<LongPollSession> Connection::longpoll_session() {
  if (shared_.longpolls.size() >= max_sessions) shared_.forget_longpolls(clock_now());
  if (shared_.longpolls.size() >= max_sessions) shared_.longpolls.clear();
  auto& session = shared_.longpolls[c_];
  if (!session) {
    session = std::make_shared<LongPollSession>(shared_.engine, scenario::serializer_for(vsn_));
    session->target = target_;
  }
  session->last_request = clock_now();
  return session;
}

LongPollSession::Tap Connection::longpoll_tap() {
  return [this](Direction direction, core::Opcode op, std::string_view bytes) { on_message(direction, op, bytes, clock_now()); };
}

void Connection::answer_longpoll(const std::string& body, Instant at) {
  answer_directly("200 OK", "application/json; charset=utf-8", body, at);
}

void Connection::answer_directly(std::string_view status, std::string_view type, const std::string& body, Instant at) {
  ends_when_written_ = true;
  queue({Direction::to_client,
         "HTTP/1.1 " + std::string(status) + "\r\naccess-control-allow-origin: *\r\ncontent-type: " + std::string(type) +
             "\r\nconnection: close\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
         at});
}

/// False: the session has ended, or says nothing any more; the request was dealt with.
bool Connection::longpoll_is_passing(LongPollSession& session) {
  switch (session.state()) {
    case FaultLink::State::passing: return true;
    case FaultLink::State::silent: return false;  // the client waits
    case FaultLink::State::closed: break;
  }
  if (session.close_code() == 1006)
    drop();
  else
    answer_longpoll(R"({"status":410})", clock_now());
  return false;
}

void Connection::on_longpoll_request() {
  c_ = session_number();
  if (request_.body().size() >= HttpMessage::max_body) return answer_directly("413 Payload Too Large", "text/plain", "", clock_now());
  if (longpoll_token().empty()) return open_longpoll();
  const auto session = longpoll_session();
  if (!longpoll_is_passing(*session)) return;
  shared_.acting = c_;
  if (request_.head().method() == "POST")
    post_longpoll(*session);
  else
    poll_longpoll(session);
  shared_.acting = 0;
}

void Connection::open_longpoll() {
  shared_.events.on_open(c_, target_, true, clock_now());
  shared_.acting = c_;
  const auto refusal = shared_.engine.on_upgrade();
  shared_.acting = 0;
  if (refusal) return answer_directly(std::to_string(refusal->status) + " Refused", "text/plain", refusal->body, clock_now());
  queue({Direction::to_server, request_.head().text(), clock_now()});
  connect();
}

void Connection::post_longpoll(LongPollSession& session) {
  const auto body = session.on_post(request_.body(), is_ndjson(request_.head()), longpoll_tap(), clock_now());
  if (session.take_lost() > 0)
    shared_.events.on_error(c_, "a long-poll request of vsn 1.0.0 carries one message; copies were dropped", clock_now());
  wake_poll(session);
  if (!longpoll_is_passing(session)) return;
  if (!body) return answer_longpoll(R"({"status":200})", clock_now());
  queue({Direction::to_server, whole(request_.head(), body->text), body->at});
  connect();
}

void Connection::poll_longpoll(const std::shared_ptr<LongPollSession>& session) {
  longpoll_ = session;
  if (const auto news = session->take_news(longpoll_token(), clock_now())) return answer_longpoll(news->text, news->at);
  session->poll = weak_from_this();
  queue({Direction::to_server, request_.head().text(), clock_now()});
  connect();
}

/// What came about without the server, or the end of the session: the poll that waits hears of it.
void Connection::wake_poll(LongPollSession& session) {
  const auto poll = session.poll.lock();
  if (!poll || poll->ends_when_written_ || poll->finished_) return;
  if (session.state() == FaultLink::State::closed) {
    session.poll.reset();
    (void)poll->longpoll_is_passing(session);
  } else if (session.state() == FaultLink::State::passing) {
    const auto news = session.take_news(poll->longpoll_token(), clock_now());
    if (!news) return;
    session.poll.reset();
    poll->answer_longpoll(news->text, news->at);
  }
}

void Connection::on_longpoll_answer() {
  if (ends_when_written_) return;  // the client has its answer
  const HttpHead& head = answer_.head();
  auto body = parse_json(answer_.body());
  const bool is_poll = request_.head().method() == "GET" && head.status() == 200 && body && body->is_object();
  ends_when_written_ = true;
  if (head.status() != 200) tell_answer();
  if (!is_poll) return queue({Direction::to_client, whole(head, answer_.body()), clock_now()});
  note_session(*body);
  if (!longpoll_) return queue({Direction::to_client, whole(head, answer_.body()), clock_now()});
  shared_.acting = c_;
  const auto passed = longpoll_->on_answer(std::move(*body), longpoll_tap(), clock_now());
  shared_.acting = 0;
  ends_when_written_ = false;
  if (!longpoll_is_passing(*longpoll_)) return;
  ends_when_written_ = true;
  queue({Direction::to_client, whole(head, passed.text), passed.at});
}

/// The token of a session. 410: the old one is gone, and with a token a new one begins.
void Connection::note_session(const Json& answer) {
  const bool gone = answer.value("status", Json()) == 410;
  if (longpoll_ && gone) {
    shared_.events.on_close(c_, Direction::to_client, 410, "session gone", clock_now());
    shared_.longpolls.erase(c_);
  }
  const auto token = answer.find("token");
  if (token == answer.end() || !token->is_string()) return;
  if (shared_.sessions.size() >= max_sessions) shared_.sessions.clear();
  shared_.sessions.insert_or_assign(token->get<std::string>(), c_);
  if (gone) (void)longpoll_session();
}

}  // namespace phx::relay
