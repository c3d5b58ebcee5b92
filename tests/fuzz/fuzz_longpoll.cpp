// The client half of long-poll. The input is lines, each what the server says next: first byte, whether the poll or the POST is
// answered, or none, and whether with HTTP 200; the rest is the body.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <phx/core/client/longpoll_core.hpp>

#include "invariant.hpp"

using namespace phx;
using namespace phx::core;

namespace {

struct Owner {
  LongPollCore core{{.url = "http://h/socket/longpoll?vsn=2.0.0"}};
  LongPollEffects out;
  LongPollRequestId poll{}, post{};
  Instant now{};

  void settle() {
    for (; !out.empty(); out.pop_front()) {
      const auto& effect = out.front();
      if (const auto* request = std::get_if<LongPollRequest>(&effect)) {
        auto& slot = request->method == "GET" ? poll : post;
        PHX_INVARIANT(slot == LongPollRequestId::none);  // one of each at a time
        slot = request->id;
        PHX_INVARIANT(request->url.find_first_of(" \r\n") == request->url.npos);
      } else if (const auto* abort = std::get_if<LongPollAbort>(&effect)) {
        PHX_INVARIANT(abort->id == poll || abort->id == post);
        (abort->id == poll ? poll : post) = LongPollRequestId::none;
      } else if (const auto* error = std::get_if<LongPollError>(&effect)) {
        PHX_INVARIANT(static_cast<bool>(error->why));
      } else if (std::holds_alternative<LongPollClosed>(effect)) {
        PHX_INVARIANT(core.state() != LongPollCore::State::open);
      }
    }
  }

  void answer(unsigned how, std::string_view body) {
    auto& slot = (how & 1U) != 0 ? post : poll;
    const auto id = std::exchange(slot, LongPollRequestId::none);
    if ((how & 2U) != 0) {
      core.on_failure(id, std::make_error_code(std::errc::io_error), now, out);
    } else {
      core.on_answer(id, (how & 4U) != 0 ? 500 : 200, body, now, out);
    }
    settle();
    core.send((how & 8U) != 0 ? Opcode::binary : Opcode::text, body, now);
    while (core.next_deadline() && *core.next_deadline() <= now) core.on_deadline(now, out), settle();
    PHX_INVARIANT((core.state() == LongPollCore::State::open) <= (poll != LongPollRequestId::none));  // an open one listens
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Owner owner;
  owner.core.open(owner.now);
  owner.core.on_deadline(owner.now, owner.out);
  owner.settle();
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    if (!line.empty()) owner.answer(static_cast<unsigned char>(line.front()), line.substr(1));
  }
  owner.core.close(1000, "", owner.out);
  owner.settle();
  PHX_INVARIANT(owner.core.buffered_bytes() == 0);
  return 0;
}
