#include <phx/testing/channel_case.hpp>

#include <stdexcept>

#include "failure.hpp"
#include "mailroom.hpp"

namespace phx::testing {

using detail::Mail;

namespace {

bool is_of(const Mail& mail, const detail::Member& member) {
  return mail.line == member.line->number && mail.topic == member.topic &&
         (mail.join_ref.empty() || mail.join_ref == core::null_token || mail.join_ref == member.join_ref);
}

/// A failure is told of these: what was awaited, and how near a message came.
detail::Awaited push_like(Mail::Kind kind, const detail::Member* member, const StringMatcher& event, const PayloadPattern& payload) {
  return {.what = kind == Mail::Kind::push ? "message" : "broadcast",
          .kind = kind,
          .of = member ? [member](const Mail& m) { return is_of(m, *member); } : detail::Mailroom::Wanted(),
          .name = "event",
          .name_pattern = event,
          .name_of = [](const Mail& m) { return m.event; },
          .payload = payload};
}

detail::Awaited reply_like(const Ref& ref, const StringMatcher& status, const PayloadPattern& payload) {
  return {.what = "reply to " + ref.token,
          .kind = Mail::Kind::reply,
          .of = [ref](const Mail& m) { return m.ref == ref.token && m.topic == ref.topic; },
          .name = "status",
          .name_pattern = status,
          .name_of = [](const Mail& m) { return m.status; },
          .payload = payload};
}

}  // namespace

const std::shared_ptr<detail::Line>& TestSocket::line() const {
  if (!line_) throw std::logic_error("this TestSocket was never connected: take it from connect() or socket()");
  return line_;
}
bool TestSocket::is_open() const { return line()->peer->opened && !line()->peer->ended; }

detail::Member& TestChannel::member() const {
  if (!member_) throw std::logic_error("this TestChannel was never joined: take it from subscribe_and_join() or join()");
  return *member_;
}
const std::string& TestChannel::topic() const { return member().topic; }
bool TestChannel::joined() const { return member().joined; }

ChannelCase::ChannelCase() = default;
ChannelCase::~ChannelCase() = default;

void ChannelCase::TearDown() {
  if (!mailroom_) return;
  mailroom_->collect();
  if (!traps_exit_ && joined_at_ && !HasFailure()) {
    for (const Mail& mail : mailroom_->mails()) {
      if (mail.kind != Mail::Kind::crashed || mail.taken) continue;
      ADD_FAILURE_AT(joined_at_->file_name(), static_cast<int>(joined_at_->line()))
          << "channel " << mail.topic << " crashed, and nobody expected it (assert_crashed, trap_exit)\n"
          << detail::evidence(*mailroom_, "channel crashed");
      break;
    }
  }
  mailroom_.reset();
}

detail::Mailroom& ChannelCase::mailroom() {
  if (!mailroom_) mailroom_ = std::make_unique<detail::Mailroom>(target());
  return *mailroom_;
}

void ChannelCase::fail(Here here, const std::string& message) { fail_at(here, message + "\n" + detail::evidence(mailroom(), message)); }

void ChannelCase::set_class(std::string_view pattern, std::function<std::unique_ptr<server::Channel>()> make) {
  target().use_channel(pattern, std::move(make));
}

// ---- sockets ----

tl::expected<TestSocket, ConnectionRefused> ChannelCase::try_connect(Dial dial) {
  TestSocket socket;
  socket.line_ = mailroom().dial(dial, scaled(join_limit));
  const Peer& peer = *socket.line()->peer;
  if (peer.opened) return socket;
  if (!peer.ended) return tl::unexpected(ConnectionRefused{0, "no answer within the time limit"});
  return tl::unexpected(ConnectionRefused{peer.ended->http_status, peer.ended->reason.empty() ? peer.ended->detail : peer.ended->reason});
}

tl::expected<TestSocket, ConnectionRefused> ChannelCase::try_connect(Json params) {
  Dial dial = dialling();
  dial.params = std::move(params);
  return try_connect(std::move(dial));
}

TestSocket ChannelCase::connect(const Dial& dial, Here here) {
  auto socket = try_connect(dial);
  if (!socket) fail(here, "could not connect to " + target().name() + ": " + socket.error().reason);
  return *socket;
}

TestSocket ChannelCase::connect(Json params, Here here) {
  Dial dial = dialling();
  dial.params = std::move(params);
  return connect(dial, here);
}

TestSocket ChannelCase::socket(Json assigns, std::optional<std::string> id, Here here) {
  Dial dial = dialling();
  if (way().where == Where::in_process)
    dial.bare = Dial::Bare{std::move(assigns), std::move(id)};
  else
    dial.params = std::move(assigns);
  return connect(dial, here);
}

void ChannelCase::disconnect(const TestSocket& socket) {
  socket.line()->peer->close(1000, "");
  const Instant deadline = target().now() + scaled(std::chrono::seconds(5));
  while (!socket.line()->peer->ended && target().wait(deadline)) {}
  mailroom().take([&](const Mail& m) { return m.kind == Mail::Kind::down && m.line == socket.line()->number; }, Duration{});
}

// ---- channels ----

JoinReply ChannelCase::join(const TestSocket& socket, std::string_view topic, const Json& payload, Here here) {
  if (topic.empty()) throw std::invalid_argument("join: the topic is empty");
  joined_at_ = here;
  JoinReply out;
  out.channel.member_ = mailroom().start_join(socket.line(), topic, payload);
  detail::Member& member = *out.channel.member_;
  const Mail* mail = mailroom().take(
      [&](const Mail& m) {
        return (m.kind == Mail::Kind::reply && m.line == member.line->number && m.ref == member.join_ref) ||
               (m.kind == Mail::Kind::down && m.line == member.line->number);
      },
      scaled(join_limit));
  if (!mail) fail(here, "join of " + member.topic + ": no answer within 10 s");
  out.status = mail->kind == Mail::Kind::down ? "down" : mail->status;
  out.response = mail->payload;
  member.joined = out.status == "ok";
  return out;
}

JoinReply ChannelCase::try_subscribe_and_join(const TestSocket& socket, std::string_view topic, const Json& payload, Here here) {
  Dial ear = socket.line()->dialled;  // as the same user, whose topics these may be
  ear.vsn = "2.0.0";
  ear.via = Via::websocket;
  mailroom().subscribe(topic, payload, ear);
  return join(socket, topic, payload, here);
}

Joined ChannelCase::subscribe_and_join(const TestSocket& socket, std::string_view topic, const Json& payload, Here here) {
  JoinReply reply = try_subscribe_and_join(socket, topic, payload, here);
  if (reply.status != "ok") fail(here, "could not join channel, got " + reply.status + ": " + preview(reply.response));
  return {std::move(reply.response), std::move(reply.channel)};
}

void ChannelCase::subscribe(std::string_view topic) { mailroom().subscribe(topic, Json::object(), {.vsn = "2.0.0"}); }

Ref ChannelCase::push(const TestChannel& channel, std::string_view event, const Json& payload) {
  return {mailroom().send(channel.member(), event, payload), channel.member().topic};
}

Ref ChannelCase::leave(const TestChannel& channel) {
  channel.member().left = true;
  return push(channel, "phx_leave");
}

void ChannelCase::close(const TestChannel& channel) {
  TestSocket socket;
  socket.line_ = channel.member().line;
  disconnect(socket);
}

void ChannelCase::broadcast_from(const TestChannel& channel, std::string_view event, const Json& payload, Here here) {
  if (!mailroom().broadcast(channel.member().topic, event, payload, true))
    fail(here, "broadcast_from needs a server of this process; " + target().name() + " is out of reach");
}

void ChannelCase::broadcast(std::string_view topic, std::string_view event, const Json& payload, Here here) {
  if (!mailroom().broadcast(topic, event, payload, false))
    fail(here, "broadcast needs a server of this process; " + target().name() + " is out of reach");
}

void ChannelCase::send(const TestChannel& channel, const server::Info& message, Here here) {
  if (!target().send_info(channel.topic(), message))
    fail(here, "send needs a server of this process; " + target().name() + " is out of reach");
}

void ChannelCase::advance(Duration time) { mailroom().pass(time); }

// ---- assertions ----

namespace {

Json await(detail::Mailroom& mailroom, const char* assertion, const detail::Awaited& awaited, Duration limit, Here here) {
  const Mail* mail = mailroom.take([&](const Mail& m) { return awaited.fits(m); }, mailroom.target().patience(limit));
  if (!mail) {
    const std::string message = detail::missing(mailroom, assertion, awaited, limit);
    fail_at(here, message + detail::evidence(mailroom, message));
  }
  return mail->payload;
}

void refuse(detail::Mailroom& mailroom, const char* assertion, const detail::Awaited& awaited, Duration limit, Here here) {
  const Mail* mail = mailroom.take([&](const Mail& m) { return awaited.fits(m); }, limit);
  if (!mail) return;
  const std::string message = std::string(assertion) + ": a " + awaited.describe() + " has come\n" + mailroom.describe(*mail) + "\n";
  fail_at(here, message + detail::evidence(mailroom, message));
}

}  // namespace

Json ChannelCase::assert_reply(const Ref& ref, StringMatcher status, const PayloadPattern& payload, Limit limit, Here here) {
  return await(mailroom(), "assert_reply", reply_like(ref, status, payload), scaled(limit.time), here);
}
void ChannelCase::refute_reply(const Ref& ref, StringMatcher status, const PayloadPattern& payload, Limit limit, Here here) {
  refuse(mailroom(), "refute_reply", reply_like(ref, status, payload), scaled(limit.time), here);
}
void ChannelCase::refute_reply(const Ref& ref, Limit limit, Here here) {
  refuse(mailroom(), "refute_reply", reply_like(ref, ::testing::_, {}), scaled(limit.time), here);
}
Json ChannelCase::assert_push(StringMatcher event, const PayloadPattern& payload, Limit limit, Here here) {
  return await(mailroom(), "assert_push", push_like(Mail::Kind::push, nullptr, event, payload), scaled(limit.time), here);
}
void ChannelCase::refute_push(StringMatcher event, const PayloadPattern& payload, Limit limit, Here here) {
  refuse(mailroom(), "refute_push", push_like(Mail::Kind::push, nullptr, event, payload), scaled(limit.time), here);
}
Json ChannelCase::assert_push(const TestChannel& channel, StringMatcher event, const PayloadPattern& payload, Limit limit, Here here) {
  return await(mailroom(), "assert_push", push_like(Mail::Kind::push, &channel.member(), event, payload), scaled(limit.time), here);
}
void ChannelCase::refute_push(const TestChannel& channel, StringMatcher event, const PayloadPattern& payload, Limit limit, Here here) {
  refuse(mailroom(), "refute_push", push_like(Mail::Kind::push, &channel.member(), event, payload), scaled(limit.time), here);
}
Json ChannelCase::assert_broadcast(StringMatcher event, const PayloadPattern& payload, Limit limit, Here here) {
  return await(mailroom(), "assert_broadcast", push_like(Mail::Kind::broadcast, nullptr, event, payload), scaled(limit.time), here);
}
void ChannelCase::refute_broadcast(StringMatcher event, const PayloadPattern& payload, Limit limit, Here here) {
  refuse(mailroom(), "refute_broadcast", push_like(Mail::Kind::broadcast, nullptr, event, payload), scaled(limit.time), here);
}

void ChannelCase::assert_closed(const TestChannel& channel, Limit limit, Here here) {
  const auto* mail = mailroom().take([&](const Mail& m) { return m.kind == Mail::Kind::closed && is_of(m, channel.member()); },
                                     target().patience(scaled(limit.time)));
  if (!mail) fail(here, "assert_closed: " + channel.topic() + " did not close (no phx_close)");
}

void ChannelCase::assert_crashed(const TestChannel& channel, Limit limit, Here here) {
  const auto* mail = mailroom().take([&](const Mail& m) { return m.kind == Mail::Kind::crashed && is_of(m, channel.member()); },
                                     target().patience(scaled(limit.time)));
  if (!mail) fail(here, "assert_crashed: " + channel.topic() + " did not crash (no phx_error)");
}

std::uint16_t ChannelCase::assert_disconnected(const TestSocket& socket, Limit limit, Here here) {
  const auto* mail = mailroom().take([&](const Mail& m) { return m.kind == Mail::Kind::down && m.line == socket.line()->number; },
                                     target().patience(scaled(limit.time)));
  if (!mail) fail(here, "assert_disconnected: the connection is still open");
  return mail->code;
}

}  // namespace phx::testing
