#include <phx/scenario/fault_relay.hpp>

#include <algorithm>
#include <utility>

namespace phx::scenario {

using core::ws::Decoder;
using core::ws::FrameOp;
using core::ws::Role;

FaultRelay::FaultRelay(FaultEngine& engine, const core::Serializer& serializer, Options options)
    : engine_(&engine),
      options_(options),
      link_(engine, serializer),
      masks_(options.mask_seed),
      lanes_{Lane{Decoder(Role::server, options_.limits), options.handshake ? Stage::head : Stage::frames, {}, {}},
             Lane{Decoder(Role::client, options_.limits), options.handshake ? Stage::head : Stage::frames, {}, {}}} {}

void FaultRelay::on_bytes(Direction direction, std::span<char> bytes, Instant now, RelayActions& out) {
  if (cut_) return;
  switch (lane(direction).stage) {
    case Stage::head: return on_head(direction, bytes, now, out);
    case Stage::frames: return on_frames(direction, bytes, now, out);
    case Stage::refused: out.emplace_back(RelayWrite{direction, std::string(bytes.data(), bytes.size()), now}); return;
  }
}

void FaultRelay::on_head(Direction direction, std::span<char> bytes, Instant now, RelayActions& out) {
  Lane& l = lane(direction);
  const std::size_t seen = l.head.size();
  l.head.append(bytes.data(), bytes.size());
  const std::size_t end = l.head.find("\r\n\r\n", seen < 3 ? 0 : seen - 3);
  if (end == std::string::npos) {
    if (l.head.size() > options_.max_head) cut(out);
    return;
  }
  const std::size_t size = end + 4;
  if (direction == Direction::to_server) {
    if (const auto refusal = engine_->on_upgrade()) return refuse(*refusal, now, out);
  }
  if (direction == Direction::to_client && !l.head.starts_with("HTTP/1.1 101")) {
    l.stage = Stage::refused;
    out.emplace_back(RelayWrite{direction, std::exchange(l.head, {}), now});
    return;
  }
  l.stage = Stage::frames;
  out.emplace_back(RelayWrite{direction, l.head.substr(0, size), now});
  l.last = now;
  std::string head = std::exchange(l.head, {});
  if (head.size() > size) on_frames(direction, std::span(head).subspan(size), now, out);
}

void FaultRelay::on_frames(Direction direction, std::span<char> bytes, Instant now, RelayActions& out) {
  Decoder& decoder = lane(direction).decoder;
  decoder.feed(bytes);
  while (!cut_) {
    const auto event = decoder.next();
    if (!event) return;
    if (const auto* message = std::get_if<core::ws::MessageEvent>(&*event)) {
      if (options_.tap) options_.tap->on_message(direction, message->op, message->data, now);
      link_.on_message({direction, message->op, message->data}, now, actions_);
      perform(actions_, now, out);
      continue;
    }
    if (std::holds_alternative<core::ws::FailEvent>(*event)) return cut(out);
    const auto* closing = std::get_if<core::ws::CloseEvent>(&*event);
    if (closing && options_.tap) options_.tap->on_close(direction, closing->code, closing->reason, now);
    if (link_.state() != FaultLink::State::passing) continue;
    const Instant at = std::max(now, lane(direction).last);  // behind the messages before it
    if (const auto* ping = std::get_if<core::ws::PingEvent>(&*event)) {
      write_frame(direction, FrameOp::ping, ping->data, at, out);
    } else if (const auto* pong = std::get_if<core::ws::PongEvent>(&*event)) {
      write_frame(direction, FrameOp::pong, pong->data, at, out);
    } else if (closing) {
      write_frame(direction, FrameOp::close, core::ws::close_payload(closing->code, closing->reason), at, out);
    }
  }
}

void FaultRelay::on_deadline(Instant now, RelayActions& out) {
  if (cut_) return;
  link_.on_deadline(now, actions_);
  perform(actions_, now, out);
}

void FaultRelay::perform(LinkActions& actions, Instant now, RelayActions& out) {
  for (const LinkAction& action : actions) {
    if (const auto* message = std::get_if<Deliver>(&action)) {
      Lane& l = lane(message->direction);
      l.last = std::max(l.last, message->at);
      write_frame(message->direction, message->op == core::Opcode::text ? FrameOp::text : FrameOp::binary, message->bytes, message->at,
                  out);
    } else {
      close(std::get<CloseLink>(action), now, out);
    }
  }
  actions.clear();
}

void FaultRelay::close(const CloseLink& how, Instant now, RelayActions& out) {
  if (how.code == 1006) return cut(out);
  const std::string payload = core::ws::close_payload(how.code, how.reason);
  for (const Direction d : {Direction::to_client, Direction::to_server})
    write_frame(d, FrameOp::close, payload, std::max(now, lane(d).last), out);
}

void FaultRelay::end(const CloseLink& how, Instant now, RelayActions& out) {
  if (cut_ || link_.state() == FaultLink::State::closed) return;
  link_.close();
  const bool open = lane(Direction::to_client).stage == Stage::frames && lane(Direction::to_server).stage == Stage::frames;
  close(open ? how : CloseLink{}, now, out);
}

void FaultRelay::refuse(const RefuseUpgrade& how, Instant now, RelayActions& out) {
  std::string answer = "HTTP/1.1 " + std::to_string(how.status) + " Refused\r\nconnection: close\r\n";
  for (const auto& [name, value] : how.headers) answer += name + ": " + value + "\r\n";
  answer += "content-length: " + std::to_string(how.body.size()) + "\r\n\r\n" + how.body;
  out.emplace_back(RelayWrite{Direction::to_client, std::move(answer), now});
  cut(out);
}

void FaultRelay::cut(RelayActions& out) {
  cut_ = true;
  out.emplace_back(RelayCut{});
}

void FaultRelay::write_frame(Direction direction, FrameOp op, std::string_view payload, Instant at, RelayActions& out) {
  std::optional<std::uint32_t> mask;
  if (direction == Direction::to_server) mask = static_cast<std::uint32_t>(masks_.next());
  RelayWrite write{direction, {}, at};
  core::ws::append_frame(write.bytes, op, payload, mask);
  out.emplace_back(std::move(write));
}

}  // namespace phx::scenario
