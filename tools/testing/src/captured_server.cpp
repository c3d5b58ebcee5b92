#include <phx/testing/captured_server.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <phx/core/serializer.hpp>
#include <phx/scenario/capture_connection.hpp>

#include "subscribers.hpp"

namespace phx::testing {

namespace {

using core::MessageView;

CapturedServer::Message message_of(const core::EnvelopeView& in) {
  CapturedServer::Message out{std::string(in.topic), std::string(in.event), std::string(in.payload)};
  if (in.payload_kind == core::PayloadKind::json)
    if (const auto json = parse_json(in.payload)) out.payload = json->dump();  // spelled one way: keys in order
  return out;
}

/// How a message was framed. Text frames have all five fields, whatever their kind.
MessageView::Kind kind_of(Opcode op, const core::EnvelopeView& in) {
  if (op == Opcode::text) return MessageView::Kind::client_push;
  if (!in.status.empty()) return MessageView::Kind::reply;
  return in.has_join_ref() ? MessageView::Kind::push : MessageView::Kind::broadcast;
}

/// Refs as they were recorded -> those of the live client.
using RefMap = std::map<std::string, std::string, std::less<>>;

std::string_view live(const RefMap& refs, std::string_view recorded) {
  const auto known = refs.find(recorded);
  return known == refs.end() ? recorded : std::string_view(known->second);
}

std::size_t common_ending(const std::vector<CapturedServer::Message>& said, const auto& turns, std::size_t before) {
  std::size_t n = 0;
  while (n < before && n + 1 < said.size() && turns[before - 1 - n].message == said[said.size() - 2 - n]) ++n;
  return n;
}

}  // namespace

class CapturedServer::Connection final : public Peer {
 public:
  Connection(CapturedServer& server, const Dial& dial)
      : server_(server),
        transport_(dial.via == Via::longpoll ? "longpoll" : "websocket"),
        serializer_(scenario::serializer_for(dial.vsn)),
        attachment_(server.clock_.attach([this] { return due(); }, [this](Instant) { deliver(); })) {
    opened = true;
  }

  void send(Opcode op, std::string_view bytes) override {
    if (ended || closing_) return;
    core::EnvelopeScratch scratch;
    const auto in = serializer_.decode_client(op, bytes, scratch);
    if (!in) return close(1011, "");
    said_.push_back(message_of(*in));
    if (in->event == "phx_join") joins_[said_.back().topic] = in->ref;
    const Turn* turn = server_.find(transport_, serializer_.vsn(), said_);
    if (!turn) {
      server_.unexpected_.push_back(said_.back());
      return;
    }
    RefMap refs{
        {turn->topic_join_ref, joins_[said_.back().topic]}, {turn->join_ref, std::string(in->join_ref)}, {turn->ref, std::string(in->ref)}};
    refs.erase(std::string(core::null_token));  // null is null
    for (const auto& [how, frame] : turn->answers) answer(how, frame, refs);
  }

  void close(std::uint16_t code, std::string_view reason) override {
    if (!closing_) closing_ = Ending{.code = code, .reason = std::string(reason), .detail = "closed"};
  }

 private:
  void answer(Opcode op, const std::string& recorded, const RefMap& refs) {
    core::EnvelopeScratch scratch;
    const auto in = serializer_.decode_server(op, recorded, scratch);
    if (!in) return waiting_.push_back(Frame{{}, op, recorded});
    MessageView out{.kind = kind_of(op, *in), .join_ref = live(refs, in->join_ref), .ref = live(refs, in->ref), .topic = in->topic};
    out.event = in->event;
    out.status = in->status;
    out.payload = in->payload;
    out.payload_kind = in->payload_kind;
    Frame frame;
    frame.op = serializer_.encode(out, frame.bytes).value();  // it was read with the same serializer
    waiting_.push_back(std::move(frame));
    if (in->has_ref() || in->has_join_ref() || in->payload_kind != core::PayloadKind::json) return;
    server_.subscribers_->tell({std::string(in->topic), std::string(in->event), parse_json(in->payload).value_or(Json())});
  }

  std::optional<Instant> due() const {
    return !ended && (closing_ || !waiting_.empty()) ? std::optional(server_.clock_.now()) : std::nullopt;
  }
  void deliver() {
    for (Frame& frame : std::exchange(waiting_, {})) {
      frame.at = server_.clock_.now();
      inbox.push_back(std::move(frame));
    }
    if (closing_) ended = closing_;
  }

  CapturedServer& server_;
  std::string transport_;
  const core::Serializer& serializer_;
  std::vector<Message> said_;
  std::map<std::string, std::string> joins_;  // topic -> ref of its last join
  std::vector<Frame> waiting_;
  std::optional<Ending> closing_;
  VirtualClock::Attachment attachment_;
};

CapturedServer::CapturedServer(const std::vector<scenario::Capture>& captures) {
  for (const auto& capture : captures) add(capture);
}
CapturedServer::~CapturedServer() = default;

/// A reply belongs to its message, anything else to the last one.
CapturedServer::Turn* CapturedServer::Recording::turn_of(const scenario::CaptureEvent& answer, const core::Serializer& serializer) {
  if (turns.empty()) return nullptr;
  core::EnvelopeScratch scratch;
  const auto in = serializer.decode_server(answer.op, answer.raw, scratch);
  if (in && in->event == "phx_reply") {
    const auto asked = std::find_if(turns.rbegin(), turns.rend(), [&](const Turn& turn) { return turn.ref == in->ref; });
    if (asked != turns.rend()) return &*asked;
  }
  return &turns.back();
}

void CapturedServer::add(const scenario::Capture& capture) {
  const scenario::CaptureConnections connections(capture);
  std::map<std::uint64_t, Recording> by_connection;
  std::map<std::pair<std::uint64_t, std::string>, std::string> joins;
  for (const scenario::CaptureEvent& e : capture.events) {
    if (e.kind != scenario::CaptureKind::frame) continue;
    const scenario::CaptureConnection& opened = connections.of(e.c);
    const core::Serializer& serializer = connections.serializer(e.c);
    Recording& recording = by_connection.try_emplace(e.c, Recording{opened.transport, opened.vsn, {}}).first->second;
    if (e.direction == scenario::Direction::to_client) {
      if (Turn* turn = recording.turn_of(e, serializer)) turn->answers.emplace_back(e.op, e.raw);
      continue;
    }
    core::EnvelopeScratch scratch;
    const auto in = serializer.decode_client(e.op, e.raw, scratch);
    if (!in) continue;  // what is no message has no answer
    Turn turn{.message = message_of(*in),
              .join_ref = std::string(in->join_ref),
              .ref = std::string(in->ref),
              .topic_join_ref = {},
              .answers = {}};
    auto& join = joins[{e.c, turn.message.topic}];
    if (turn.message.event == "phx_join") join = turn.ref;
    turn.topic_join_ref = join;
    recording.turns.push_back(std::move(turn));
  }
  for (auto& [c, recording] : by_connection) recordings_.push_back(std::move(recording));
}

const CapturedServer::Turn* CapturedServer::find(std::string_view transport, std::string_view vsn, const std::vector<Message>& said) const {
  const Turn* best = nullptr;
  std::size_t best_common = 0;
  for (const Recording& recording : recordings_) {
    if (recording.transport != transport || recording.vsn != vsn) continue;
    for (std::size_t i = 0; i < recording.turns.size(); ++i) {
      if (!(recording.turns[i].message == said.back())) continue;
      const std::size_t common = common_ending(said, recording.turns, i);
      if (best && common <= best_common) continue;
      best = &recording.turns[i];
      best_common = common;
    }
  }
  return best;
}

std::unique_ptr<Peer> CapturedServer::dial(const Dial& dial) { return std::make_unique<Connection>(*this, dial); }

}  // namespace phx::testing
