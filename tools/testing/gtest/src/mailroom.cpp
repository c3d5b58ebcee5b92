#include "mailroom.hpp"

#include <phx/testing/matchers.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace phx::testing::detail {
namespace {

constexpr std::size_t shown_mails = 50;

Json payload_of(const core::EnvelopeView& in) {
  if (in.payload_kind == core::PayloadKind::json) return parse_json(in.payload).value_or(Json());
  return Json::binary({in.payload.begin(), in.payload.end()});
}

void describe_reply(const core::EnvelopeView& in, Mail& mail) {
  std::string scratch;
  const auto reply = core::read_reply(in, scratch);
  if (!reply) return;  // no status: shown as it came
  mail.kind = Mail::Kind::reply;
  mail.status = reply->status;
  if (reply->kind == core::PayloadKind::json)
    mail.payload = parse_json(reply->response).value_or(Json());
  else
    mail.payload = Json::binary({reply->response.begin(), reply->response.end()});
}

}  // namespace

Mailroom::Mailroom(Target& target)
    : target_(target),
      start_(target.now()),
      recorder_({.tool = "phxkit::testing", .url = target.name(), .started = scenario::capture_time(std::chrono::system_clock::now())},
                start_, {}, [this](const std::string& line) { captured_ += line + "\n"; }) {}

Mailroom::~Mailroom() = default;

std::shared_ptr<Line> Mailroom::dial(const Dial& dial, Duration limit) {
  auto line = std::make_shared<Line>();
  line->peer = target_.dial(dial);
  line->dialled = dial;
  line->vsn = dial.vsn;
  line->serializer = &scenario::serializer_for(dial.vsn);
  lines_.push_back(line);
  line->number = lines_.size();
  recorder_.opened(line->number, target_.name(), target_.now());
  const Instant deadline = target_.now() + limit;
  while (!line->peer->opened && !line->peer->ended && target_.wait(deadline)) {}
  return line;
}

std::shared_ptr<Member> Mailroom::start_join(std::shared_ptr<Line> line, std::string_view topic, const Json& payload) {
  auto member = std::make_shared<Member>(Member{.line = std::move(line), .topic = std::string(topic), .join_ref = next_ref()});
  --last_ref_;  // a join's ref is its join_ref
  send(*member, "phx_join", payload);
  return member;
}

std::string Mailroom::send(const Member& member, std::string_view event, const Json& payload) {
  std::string ref = next_ref();
  const Line& line = *member.line;
  core::MessageView message{.join_ref = member.join_ref, .ref = ref, .topic = member.topic, .event = event};
  std::string text;
  if (payload.is_binary()) {
    text.assign(payload.get_binary().begin(), payload.get_binary().end());
    message.payload_kind = core::PayloadKind::binary;
  } else {
    text = to_json_text(payload);
  }
  message.payload = text;
  std::string frame;
  const auto op = line.serializer->encode(message, frame);
  if (!op)
    throw std::invalid_argument("push: " + std::string(event) + " cannot be sent over vsn " + line.vsn + ": " + op.error().message());
  recorder_.frame(line.number, scenario::Direction::to_server, *op, frame, line.vsn, target_.now());
  line.peer->send(*op, frame);
  return ref;
}

void Mailroom::subscribe(std::string_view topic, const Json& join_payload, const Dial& ear) {
  if (subscriptions_.contains(topic)) return;
  auto& subscription = subscriptions_[std::string(topic)];
  subscription = target_.subscribe(topic, [this](TopicBroadcast b) { hear(std::move(b)); });
  if (subscription) return;
  auto line = dial(ear, std::chrono::seconds(10));
  line->is_ear = true;
  const auto member = start_join(line, topic, join_payload);
  const Instant deadline = target_.now() + std::chrono::seconds(10);
  while (line->peer->inbox.empty() && !line->peer->ended && target_.wait(deadline)) {}  // its join reply
}

bool Mailroom::broadcast(std::string_view topic, std::string_view event, const Json& payload, bool from_test) {
  const bool hears_itself = from_test && subscriptions_.contains(topic);
  if (hears_itself) own_.push_back({std::string(topic), std::string(event), payload});
  if (target_.broadcast(topic, event, payload)) return true;
  if (hears_itself) own_.pop_back();
  return false;
}

void Mailroom::hear(TopicBroadcast b) {
  const auto own = std::find_if(own_.begin(), own_.end(), [&](const TopicBroadcast& o) {
    return o.topic == b.topic && o.event == b.event && o.payload == b.payload;
  });
  if (own != own_.end()) {
    own_.erase(own);
    return;
  }
  mails_.push_back({.kind = Mail::Kind::broadcast,
                    .at = target_.now(),
                    .topic = std::move(b.topic),
                    .event = std::move(b.event),
                    .payload = std::move(b.payload)});
}

const Mail* Mailroom::take(const Wanted& wanted, Duration limit) {
  const Instant deadline = target_.now() + limit;
  while (true) {
    collect();
    if (const Mail* mail = find(wanted)) return mail;
    if (target_.now() >= deadline || !target_.wait(deadline)) {
      collect();
      return find(wanted);
    }
  }
}

const Mail* Mailroom::find(const Wanted& wanted) {
  for (Mail& mail : mails_) {
    if (mail.taken || !wanted(mail)) continue;
    mail.taken = true;
    return &mail;
  }
  return nullptr;
}

void Mailroom::pass(Duration time) {
  const Instant deadline = target_.now() + time;
  while (target_.now() < deadline && target_.wait(deadline)) collect();
  collect();
}

void Mailroom::collect() {
  for (std::size_t i = 0; i < lines_.size(); ++i) read(*lines_[i]);
}

void Mailroom::read(Line& line) {
  while (!line.peer->inbox.empty()) {
    const Frame frame = std::move(line.peer->inbox.front());
    line.peer->inbox.pop_front();
    recorder_.frame(line.number, scenario::Direction::to_client, frame.op, frame.bytes, line.vsn, frame.at);
    deliver(line, frame);
  }
  if (!line.peer->ended || line.end_told) return;
  line.end_told = true;
  const Ending& end = *line.peer->ended;
  recorder_.closed(line.number, std::nullopt, end.code, end.reason, target_.now());
  if (line.is_ear) return;
  mails_.push_back({.kind = Mail::Kind::down, .at = target_.now(), .line = line.number, .event = end.detail, .code = end.code});
}

void Mailroom::deliver(Line& line, const Frame& frame) {
  core::EnvelopeScratch scratch;
  const auto in = line.serializer->decode_server(frame.op, frame.bytes, scratch);
  Mail mail{.at = frame.at, .line = line.number};
  if (!in) {
    mail.event = "(no Phoenix message: " + in.error().message() + ")";
    mail.payload = frame.bytes;
    mails_.push_back(std::move(mail));
    return;
  }
  if (line.is_ear) {
    if (!in->has_join_ref() && !in->has_ref() && !in->event.starts_with("phx_"))
      hear({std::string(in->topic), std::string(in->event), payload_of(*in)});
    return;
  }
  mail.topic = in->topic;
  mail.event = in->event;
  mail.ref = in->ref;
  mail.join_ref = in->join_ref;
  if (in->event == "phx_reply") {
    describe_reply(*in, mail);
  } else {
    mail.payload = payload_of(*in);
    if (in->event == "phx_close") mail.kind = Mail::Kind::closed;
    if (in->event == "phx_error") mail.kind = Mail::Kind::crashed;
  }
  mails_.push_back(std::move(mail));
}

std::string Mailroom::describe(const Mail& mail) const {
  char time[32];
  std::snprintf(time, sizeof time, "%+9.3f s", std::chrono::duration<double>(mail.at - start_).count());
  std::string text = std::string(time) + "  ";
  if (lines_.size() > 1 && mail.line != 0) text += "#" + std::to_string(mail.line) + " ";
  switch (mail.kind) {
    case Mail::Kind::push: text += "push       " + mail.topic + " " + mail.event; break;
    case Mail::Kind::reply: text += "reply      " + mail.topic + " " + mail.ref + " " + mail.status; break;
    case Mail::Kind::broadcast: text += "broadcast  " + mail.topic + " " + mail.event; break;
    case Mail::Kind::closed: return text + "closed     " + mail.topic;
    case Mail::Kind::crashed: return text + "crashed    " + mail.topic;
    case Mail::Kind::down: return text + "connection ended: " + std::to_string(mail.code) + " " + mail.event;
  }
  return text + " " + preview(mail.payload);
}

std::string Mailroom::describe() const {
  if (mails_.empty()) return "The mailbox is empty: nothing has arrived.\n";
  std::string out = "Mailbox, oldest first (x: taken by an earlier assertion):\n";
  const std::size_t first = mails_.size() > shown_mails ? mails_.size() - shown_mails : 0;
  if (first > 0) out += "    ... " + std::to_string(first) + " earlier ones\n";
  for (std::size_t i = first; i < mails_.size(); ++i) out += std::string(mails_[i].taken ? "  x " : "    ") + describe(mails_[i]) + "\n";
  return out;
}

std::string Mailroom::capture(const std::string& note) {
  recorder_.note(1, note, target_.now());
  return captured_;
}

}  // namespace phx::testing::detail
