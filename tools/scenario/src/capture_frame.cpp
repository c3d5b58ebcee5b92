// What the frames of a capture say, and the recorder that writes them.

#include <algorithm>
#include <utility>

#include <phx/scenario/capture.hpp>
#include <phx/scenario/mask.hpp>

namespace phx::scenario {

namespace {

Result<core::EnvelopeView> decode(const CaptureEvent& frame, const core::Serializer& serializer, core::EnvelopeScratch& scratch) {
  return frame.direction == Direction::to_server ? serializer.decode_client(frame.op, frame.raw, scratch)
                                                 : serializer.decode_server(frame.op, frame.raw, scratch);
}

}  // namespace

const core::Serializer& serializer_for(std::string_view vsn) noexcept {
  return vsn.starts_with("1.") ? core::v1_serializer() : core::v2_serializer();
}

void describe_frame(CaptureEvent& frame, const core::Serializer& serializer) {
  core::EnvelopeScratch scratch;
  const auto in = decode(frame, serializer, scratch);
  if (!in) return;
  frame.join_ref = std::string(in->join_ref);
  frame.ref = std::string(in->ref);
  frame.topic = std::string(in->topic);
  frame.event = std::string(in->event);
  if (in->event != "phx_reply") return;
  std::string status;
  if (const auto reply = core::read_reply(*in, status)) frame.status = std::string(reply->status);
}

std::optional<FramePayload> frame_payload(const CaptureEvent& frame, const core::Serializer& serializer) {
  core::EnvelopeScratch scratch;
  const auto in = decode(frame, serializer, scratch);
  if (!in) return std::nullopt;
  if (in->event == "phx_reply" && frame.direction == Direction::to_client) {
    std::string status;
    const auto reply = core::read_reply(*in, status);
    if (reply) return FramePayload{std::string(reply->response), reply->kind};
  }
  return FramePayload{std::string(in->payload), in->payload_kind};
}

CaptureRecorder::CaptureRecorder(CaptureHeader header, Instant start, Options options, Sink sink)
    : start_(start), options_(options), sink_(std::move(sink)) {
  header.url = masked_url(header.url);
  sink_(capture_line(header));
}

std::string CaptureRecorder::masked_url(std::string_view url) const { return options_.keep_secrets ? std::string(url) : mask_url(url); }

CaptureEvent CaptureRecorder::make(std::uint64_t c, CaptureKind kind, Instant now) const {
  CaptureEvent e;
  e.t = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::nanoseconds>(now - start_).count());
  e.c = c;
  e.kind = kind;
  return e;
}

void CaptureRecorder::opened(std::uint64_t c, std::string_view url, Instant now) {
  CaptureEvent e = make(c, CaptureKind::open, now);
  e.text = masked_url(url);
  write(e);
}

void CaptureRecorder::frame(std::uint64_t c, Direction direction, core::Opcode op, std::string_view bytes, std::string_view vsn,
                            Instant now) {
  CaptureEvent e = make(c, CaptureKind::frame, now);
  e.direction = direction;
  e.op = op;
  e.raw = bytes;
  describe_frame(e, serializer_for(vsn));
  e.n = bytes.size();
  if (!options_.keep_secrets) {
    e.raw = mask_text(bytes);
    if (e.topic) e.topic = mask_text(*e.topic);
  }
  write(e);
}

void CaptureRecorder::closed(std::uint64_t c, std::optional<Direction> by, int code, std::string_view reason, Instant now) {
  CaptureEvent e = make(c, CaptureKind::close, now);
  e.direction = by;
  e.code = code;
  e.text = reason;
  write(e);
}

void CaptureRecorder::http(std::uint64_t c, Direction direction, std::string_view method, std::string_view target,
                           std::optional<int> status, std::string_view body, Instant now) {
  CaptureEvent e = make(c, CaptureKind::http, now);
  e.direction = direction;
  e.method = method;
  e.path = masked_url(target);
  e.code = status;
  e.raw = options_.keep_secrets ? std::string(body) : mask_text(body);
  if (!body.empty()) e.n = body.size();
  write(e);
}

void CaptureRecorder::error(std::uint64_t c, std::string_view what, Instant now) {
  CaptureEvent e = make(c, CaptureKind::error, now);
  e.text = what;
  write(e);
}

void CaptureRecorder::note(std::uint64_t c, std::string_view what, Instant now) {
  CaptureEvent e = make(c, CaptureKind::note, now);
  e.text = what;
  write(e);
}

}  // namespace phx::scenario
