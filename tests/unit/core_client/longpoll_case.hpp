#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/client/longpoll_core.hpp>

namespace phx::core {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

/// The answer that makes a session.
inline constexpr const char* session_body = R"({"status":410,"token":"T","messages":[]})";

/// A machine on virtual time; the test is the server.
class LongPoll : public testing::Test {
 protected:
  using State = LongPollCore::State;

  LongPollCore make(LongPollOptions options = {}) {
    options.url = "http://h/socket/longpoll?vsn=2.0.0";
    return LongPollCore(std::move(options));
  }
  /// Its first GET is made.
  LongPollCore started(LongPollOptions options = {}) {
    auto core = make(std::move(options));
    core.open(now);
    turn(core);
    return core;
  }
  /// Its session is made, and what that took forgotten.
  LongPollCore opened(LongPollOptions options = {}) {
    auto core = started(std::move(options));
    answer(core, poll().id, session_body);
    forget();
    return core;
  }
  /// Runs what is due: the end of a turn of the loop.
  void turn(LongPollCore& core) {
    while (core.next_deadline() && *core.next_deadline() <= now) core.on_deadline(now, out);
  }
  void advance(LongPollCore& core, Duration by) {
    now += by;
    turn(core);
  }
  void answer(LongPollCore& core, LongPollRequestId id, std::string_view body, int http = 200) { core.on_answer(id, http, body, now, out); }
  void send(LongPollCore& core, std::string_view text) { core.send(Opcode::text, text, now); }
  void forget() {
    for (const auto& effect : out) seen.push_back(effect);
    out.clear();
  }

  template <class E>
  std::vector<E> all() const {
    std::vector<E> found;
    for (const auto& effect : out)
      if (const E* e = std::get_if<E>(&effect)) found.push_back(*e);
    return found;
  }
  std::vector<LongPollRequest> requests(std::string_view method) const {
    std::vector<LongPollRequest> found = all<LongPollRequest>();
    std::erase_if(found, [&](const auto& request) { return request.method != method; });
    return found;
  }
  /// The newest of its kind, also one already forgotten.
  LongPollRequest newest(std::string_view method) const {
    LongPollRequest found;
    for (const auto* list : {&seen, &out})
      for (const auto& effect : *list)
        if (const auto* request = std::get_if<LongPollRequest>(&effect); request && request->method == method) found = *request;
    return found;
  }
  LongPollRequest poll() const { return newest("GET"); }
  LongPollRequest post() const { return newest("POST"); }

  Instant now = Instant{} + 1h;
  LongPollEffects out, seen;
};

}  // namespace phx::core
