#include <phx/core/ws/close_code.hpp>
#include <phx/core/ws/frame.hpp>
#include <phx/core/ws/utf8.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace phx::core::ws {
namespace {

/// Room made at once for a frame that has only been announced; the rest grows with what really arrives.
constexpr std::size_t max_reserve = 64 * 1024;

unsigned byte_at(std::span<const char> bytes, std::size_t i) noexcept { return static_cast<unsigned char>(bytes[i]); }

std::uint64_t big_endian(std::span<const char> bytes, std::size_t at, std::size_t count) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = at; i < at + count; ++i) value = value << 8 | byte_at(bytes, i);
  return value;
}

constexpr std::size_t extended_bytes(unsigned length7) noexcept { return length7 == 126 ? 2 : length7 == 127 ? 8 : 0; }

/// Bytes to hold before the header can be read further; all of it once two are there.
std::size_t wanted(std::span<const char> head) noexcept {
  if (head.size() < 2) return 2;
  const unsigned second = byte_at(head, 1);
  return 2 + extended_bytes(second & 0x7F) + ((second & 0x80) != 0 ? 4 : 0);
}

std::string_view view(std::span<const char> bytes) noexcept { return {bytes.data(), bytes.size()}; }

}  // namespace

struct Decoder::Frame {
  std::uint64_t length = 0;
  std::uint32_t mask = 0;
  std::uint8_t header_size = 2;
  FrameOp op{};
  bool fin = false, rsv1 = false, rsv23 = false, masked = false;
  std::uint8_t length7 = 0;

  bool is_control() const noexcept { return static_cast<unsigned>(op) >= 8; }
};

struct Decoder::Partial {
  std::string message;          // of the unfinished message, as far as it came, unmasked
  std::string control;          // an unfinished control frame
  std::uint64_t got = 0;        // payload bytes of `frame` taken
  std::size_t fragments = 0;    // frames of the unfinished message
  Frame frame;                  // while in_payload
  std::array<char, 14> head{};  // an unfinished header
  std::uint8_t head_size = 0;
  bool in_payload = false;
  bool in_message = false;
  bool compressed = false;
  Opcode op{};
  Utf8Checker utf8;

  bool is_idle() const noexcept { return head_size == 0 && !in_payload && !in_message; }
};

Decoder::Decoder(Role role, const Limits& limits, bool allow_rsv1) noexcept : role_(role), allow_rsv1_(allow_rsv1), limits_(&limits) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

void Decoder::feed(std::span<char> bytes) {
  if (dead_) return;
  if (!in_.empty()) throw std::logic_error("ws::Decoder: feed() before next() returned nothing");
  in_ = bytes;
}

std::span<char> Decoder::release_input() noexcept { return std::exchange(in_, {}); }

std::optional<Event> Decoder::next() {
  if (partial_ && (dead_ || partial_->is_idle())) partial_.reset();  // held the bytes of the event before
  while (!dead_) {
    Frame frame;
    if (partial_ && partial_->in_payload) {
      frame = partial_->frame;
    } else {
      const Step step = take_header(frame);
      if (step == Step::failed) return fail();
      if (step == Step::more) return std::nullopt;
    }
    bool starved = false;
    if (auto event = take_payload(frame, starved)) return event;
    if (starved) return std::nullopt;
  }
  return std::nullopt;
}

Decoder::Partial& Decoder::partial() {
  if (!partial_) partial_ = std::make_unique<Partial>();
  return *partial_;
}

bool Decoder::refuse(Errc why, std::uint16_t close_code) noexcept {
  why_ = why;
  close_code_ = close_code;
  return false;
}

Event Decoder::fail() {
  dead_ = true;
  in_ = {};
  partial_.reset();
  return FailEvent{why_, close_code_};
}

/// Takes a header from the input, straight or through the bytes held back from the last one.
Decoder::Step Decoder::take_header(Frame& frame) {
  if (in_.empty()) return Step::more;
  if (!partial_ || partial_->head_size == 0) {
    const Step step = parse_header(in_, frame);
    if (step == Step::ready) in_ = in_.subspan(frame.header_size);
    if (step != Step::more) return step;
  }
  Partial& held = partial();
  for (;;) {
    const std::span<const char> head = std::span(held.head).first(held.head_size);
    const std::size_t count = std::min(wanted(head) - head.size(), in_.size());
    std::copy_n(in_.begin(), count, held.head.begin() + held.head_size);
    held.head_size = static_cast<std::uint8_t>(held.head_size + count);
    in_ = in_.subspan(count);
    const Step step = parse_header(std::span(held.head).first(held.head_size), frame);
    if (step == Step::ready) held.head_size = 0;
    if (step != Step::more || in_.empty()) return step;
  }
}

/// Judges each part of a header as soon as it is there, so that the verdict does not depend on how the bytes were cut.
Decoder::Step Decoder::parse_header(std::span<const char> bytes, Frame& frame) {
  if (bytes.empty()) return Step::more;
  const unsigned first = byte_at(bytes, 0);
  frame.fin = (first & 0x80) != 0;
  frame.rsv1 = (first & 0x40) != 0;
  frame.rsv23 = (first & 0x30) != 0;
  frame.op = static_cast<FrameOp>(first & 0x0F);
  if (!check_first_byte(frame)) return Step::failed;

  if (bytes.size() < 2) return Step::more;
  const unsigned second = byte_at(bytes, 1);
  frame.masked = (second & 0x80) != 0;
  frame.length7 = static_cast<std::uint8_t>(second & 0x7F);
  if (!check_second_byte(frame)) return Step::failed;

  const std::size_t extended = extended_bytes(frame.length7);
  frame.header_size = static_cast<std::uint8_t>(wanted(bytes));
  if (bytes.size() < 2 + extended) return Step::more;
  frame.length = extended == 0 ? frame.length7 : big_endian(bytes, 2, extended);
  if (!check_length(frame)) return Step::failed;

  if (bytes.size() < frame.header_size) return Step::more;
  if (frame.masked) frame.mask = static_cast<std::uint32_t>(big_endian(bytes, 2 + extended, 4));
  return Step::ready;
}

/// Reserved bits and opcodes (RFC 6455 5.2), order of fragments (5.4).
bool Decoder::check_first_byte(const Frame& frame) {
  const bool in_message = partial_ && partial_->in_message;
  bool ok = !frame.rsv23;
  switch (frame.op) {
    case FrameOp::continuation: ok = ok && in_message && !frame.rsv1; break;
    case FrameOp::text:
    case FrameOp::binary: ok = ok && !in_message && (!frame.rsv1 || allow_rsv1_); break;
    case FrameOp::close:
    case FrameOp::ping:
    case FrameOp::pong: ok = ok && frame.fin && !frame.rsv1; break;
    default: ok = false;  // the opcode is any number of four bits
  }
  return ok || refuse(Errc::protocol_error, close_code::protocol_error);
}

/// Who masks (RFC 6455 5.1); control frames have no extended length (5.5).
bool Decoder::check_second_byte(const Frame& frame) {
  const bool ok = frame.masked == (role_ == Role::server) && (!frame.is_control() || frame.length7 <= 125);
  return ok || refuse(Errc::protocol_error, close_code::protocol_error);
}

/// The length alone can refuse a frame: nothing of its payload is awaited (golden frame_over_limit_header_only).
/// Lengths written longer than needed: bandit takes them, so the server does; the client refuses them (RFC 6455 5.2).
bool Decoder::check_length(const Frame& frame) {
  const bool minimal = frame.length7 <= 125 || frame.length > (frame.length7 == 126 ? 125u : 0xFFFFu);
  if ((frame.length >> 63) != 0 || (!minimal && role_ == Role::client)) return refuse(Errc::protocol_error, close_code::protocol_error);
  if (frame.length + frame.header_size > limits_->max_frame) return refuse(Errc::frame_too_large, close_code::message_too_big);
  if (frame.is_control() || (frame.fin && frame.op != FrameOp::continuation)) return true;

  const bool continues = frame.op == FrameOp::continuation;
  if (continues && !frame.fin && frame.length == 0 && !limits_->allow_empty_continuation) {
    return refuse(Errc::protocol_error, close_code::policy_violation);
  }
  const std::size_t before = continues ? partial_->message.size() : 0;
  const std::size_t fragments = continues ? partial_->fragments + 1 : 1;
  if (before + frame.length > limits_->max_message || fragments > limits_->max_fragments) {
    return refuse(Errc::message_too_large, close_code::message_too_big);
  }
  return true;
}

/// starved: the frame has not ended and the input has.
std::optional<Event> Decoder::take_payload(const Frame& frame, bool& starved) {
  const std::uint64_t got = partial_ && partial_->in_payload ? partial_->got : 0;
  const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(frame.length - got, in_.size()));
  const bool complete = got + count == frame.length;
  const std::span<char> chunk = in_.first(count);
  in_ = in_.subspan(count);
  if (frame.masked) apply_mask(chunk, frame.mask, static_cast<std::size_t>(got % 4));

  auto event = frame.is_control() ? take_control(frame, chunk, complete) : take_data(frame, chunk, complete);
  if (dead_) return event;
  if (!complete) {
    Partial& held = partial();
    held.in_payload = true;
    held.frame = frame;
    held.got = got + count;
    starved = true;
  } else if (partial_) {
    partial_->in_payload = false;
  }
  return event;
}

std::optional<Event> Decoder::take_control(const Frame& frame, std::span<char> chunk, bool complete) {
  std::string_view body = view(chunk);
  if (chunk.size() != frame.length) {  // in pieces
    Partial& held = partial();
    if (!held.in_payload) held.control.clear();
    held.control += view(chunk);
    body = held.control;
  }
  if (!complete) return std::nullopt;
  switch (frame.op) {
    case FrameOp::ping: return PingEvent{body};
    case FrameOp::pong: return PongEvent{body};
    case FrameOp::close: return close_event(body);
    case FrameOp::continuation:
    case FrameOp::text:
    case FrameOp::binary: break;
  }
  return std::nullopt;
}

Event Decoder::close_event(std::string_view body) {
  const std::uint16_t code = body.size() < 2 ? close_code::no_status : static_cast<std::uint16_t>(big_endian(body, 0, 2));
  if (body.size() == 1 || (!body.empty() && code == close_code::no_status)) {  // 1005 stands for "none" and may not be sent
    refuse(Errc::protocol_error, close_code::protocol_error);
    return fail();
  }
  const std::string_view reason = body.substr(std::min<std::size_t>(2, body.size()));
  if (!Utf8Checker::check(reason)) {  // golden client_close_bad_utf8: a server says 1002; RFC 6455 8.1: 1007
    refuse(Errc::invalid_utf8, role_ == Role::server ? close_code::protocol_error : close_code::invalid_payload);
    return fail();
  }
  dead_ = true;  // whatever follows is discarded; the reason stays until the next call
  in_ = {};
  return CloseEvent{code, reason};
}

std::optional<Event> Decoder::take_data(const Frame& frame, std::span<char> chunk, bool complete) {
  const bool starts = frame.op != FrameOp::continuation;
  const bool held_back = partial_ && partial_->in_payload;
  if (starts && frame.fin && complete && !held_back) {  // a whole message in the input: never copied
    if (frame.op == FrameOp::text && !frame.rsv1 && !Utf8Checker::check(view(chunk))) {
      refuse(Errc::invalid_utf8, close_code::invalid_payload);
      return fail();
    }
    return MessageEvent{static_cast<Opcode>(frame.op), view(chunk), frame.rsv1};
  }

  Partial& held = partial();
  if (starts && !held_back) {
    held = Partial{};
    held.in_message = true;
    held.op = static_cast<Opcode>(frame.op);
    held.compressed = frame.rsv1;
  }
  if (!held_back) {
    ++held.fragments;
    const std::size_t announced = static_cast<std::size_t>(std::min<std::uint64_t>(frame.length, max_reserve));
    if (starts) held.message.reserve(std::max(announced, chunk.size()));
  }
  const bool is_text = held.op == Opcode::text && !held.compressed;
  const bool ends = complete && frame.fin;
  if (is_text && (!held.utf8.feed(view(chunk)) || (ends && !held.utf8.complete()))) {
    refuse(Errc::invalid_utf8, close_code::invalid_payload);
    return fail();
  }
  held.message += view(chunk);
  if (!ends) return std::nullopt;
  held.in_message = false;
  return MessageEvent{held.op, held.message, held.compressed};
}

}  // namespace phx::core::ws
