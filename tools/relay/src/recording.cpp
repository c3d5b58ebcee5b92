#include <phx/relay/relay.hpp>

namespace phx::relay {

void RelayRecording::on_open(std::uint64_t c, std::string_view target, bool websocket, Instant now) {
  if (websocket) recorder_.opened(c, base_ + std::string(target), now);
}

void RelayRecording::on_message(std::uint64_t c, Direction direction, core::Opcode op, std::string_view bytes, std::string_view vsn,
                                Instant now) {
  recorder_.frame(c, direction, op, bytes, vsn, now);
}

void RelayRecording::on_close(std::uint64_t c, std::optional<Direction> by, int code, std::string_view reason, Instant now) {
  recorder_.closed(c, by, code, reason, now);
}

void RelayRecording::on_http(std::uint64_t c, Direction direction, std::string_view method, std::string_view target,
                             std::optional<int> status, std::string_view body, Instant now) {
  recorder_.http(c, direction, method, target, status, body, now);
}

void RelayRecording::on_error(std::uint64_t c, std::string_view what, Instant now) { recorder_.error(c, what, now); }

void RelayRecording::on_fault(std::uint64_t c, std::string_view what, Instant now) {
  recorder_.note(c, "fault: " + std::string(what), now);
}

}  // namespace phx::relay
