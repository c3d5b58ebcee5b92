#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/fixture_channels.hpp"

#include <phx/core/json.hpp>

namespace phx::fixture {

using namespace std::chrono_literals;
using server::HandleResult;
using server::Info;
using server::JoinError;
using server::JoinOk;
using server::JoinResult;
using server::NoReply;
using server::Payload;
using server::Reply;
using server::Socket;
using server::Stop;
using server::StopReason;
using server::StopReply;

namespace {

struct AnswerLater {
  server::SocketRef ref;
  Payload payload;
};

constexpr std::string_view types_json =
    R"({"int":1,"big":9007199254740993,"neg":-5,"float":1.5,"whole_float":2.0,"big_float":1.0e21,"small_float":1.0e-7,)"
    R"("nil":null,"t":true,"f":false,"list":[],"map":{},"unicode":"zażółć 😀","ctrl":"a\u0001\n\t\"\\/\u007f\u2028",)"
    R"("dt":"2024-01-02T03:04:05Z","date":"2024-01-02","atom":"abc","html":"</script>"})";

Json json_token(std::string_view token) { return Json::parse(token); }

const Payload& only_bytes(const Payload& payload) {
  if (!payload.is_binary()) throw std::runtime_error("no clause of handle_in for a payload that is not binary");
  return payload;
}

HandleResult then(const char* what) { return Reply::ok(obj("after", what)); }

struct Clause {
  std::string_view event;
  HandleResult (*run)(const Payload& p, Socket& s);
};

// In the order of FIXTURE.md 3.2.
constexpr std::array clauses{
    // Read and written anew, as in Elixir: of equal keys the first is echoed (golden duplicate_keys_and_unicode).
    Clause{"ping", [](const Payload& p, Socket&) -> HandleResult { return Reply::ok(p.json()); }},
    Clause{"ok_only", [](const Payload&, Socket&) -> HandleResult { return Reply::ok(); }},
    Clause{"err_only", [](const Payload&, Socket&) -> HandleResult { return Reply::error(); }},
    Clause{"custom_status",
           [](const Payload& p, Socket&) -> HandleResult {
             return Reply{"accepted", p};
           }},
    Clause{"err", [](const Payload&, Socket&) -> HandleResult { return Reply::error(obj("reason", "bad")); }},
    Clause{"noreply", [](const Payload&, Socket&) -> HandleResult { return NoReply{}; }},
    Clause{"hibernate", [](const Payload&, Socket&) -> HandleResult { return NoReply{}; }},
    Clause{"new_msg",
           [](const Payload& p, Socket& s) -> HandleResult {
             s.broadcast("new_msg", p);
             return NoReply{};
           }},
    Clause{"new_msg_ack",
           [](const Payload& p, Socket& s) -> HandleResult {
             s.broadcast("new_msg", p);
             return Reply::ok();
           }},
    Clause{"shout_from",
           [](const Payload& p, Socket& s) -> HandleResult {
             s.broadcast_from("shout", p);
             return Reply::ok();
           }},
    Clause{"broadcast_then_reply",
           [](const Payload& p, Socket& s) -> HandleResult {
             s.broadcast("new_msg", p);
             return then("broadcast");
           }},
    Clause{"push_me",
           [](const Payload& p, Socket& s) -> HandleResult {
             s.push("pushed", p);
             return NoReply{};
           }},
    Clause{"push_then_reply",
           [](const Payload& p, Socket& s) -> HandleResult {
             s.push("pushed", p);
             return then("push");
           }},
    Clause{"async_reply",
           [](const Payload& p, Socket& s) -> HandleResult {
             s.send_after(50ms, AnswerLater{s.socket_ref(), p});
             return NoReply{};
           }},
    Clause{"secret",
           [](const Payload& p, Socket& s) -> HandleResult {
             s.broadcast("secret", p);
             return Reply::ok();
           }},
    Clause{"drop_me",
           [](const Payload& p, Socket& s) -> HandleResult {
             s.broadcast("drop_me", p);
             return Reply::ok();
           }},
    Clause{"who",
           [](const Payload&, Socket& s) -> HandleResult {
             const auto id = s.id();
             return Reply::ok(obj("topic", std::string(s.topic()), "join_ref", json_token(s.join_ref()), "ref", json_token(s.ref()), "id",
                                  id ? Json(std::string(*id)) : Json(nullptr)));
           }},
    Clause{"types", [](const Payload&, Socket&) -> HandleResult { return Reply::ok(Payload::raw_json(types_json)); }},
    Clause{"bad_payload", [](const Payload&, Socket&) -> HandleResult { return Reply::ok(Json("a string")); }},
    Clause{"list_payload",
           [](const Payload&, Socket&) -> HandleResult {
             return Reply::ok(Json::array({1, 2}));
           }},
    Clause{"unencodable", [](const Payload&, Socket&) -> HandleResult { return Reply::ok(obj("x", "\xff")); }},
    Clause{"crash", [](const Payload&, Socket&) -> HandleResult { throw std::runtime_error("crash"); }},
    Clause{"throw", [](const Payload&, Socket&) -> HandleResult { throw 42; }},
    Clause{"exit_kill", [](const Payload&, Socket& s) -> HandleResult { s.kill(); }},
    Clause{"bad_return", [](const Payload&, Socket&) { return HandleResult{}; }},
    Clause{"stop", [](const Payload&, Socket&) -> HandleResult { return Stop{StopReason::normal()}; }},
    Clause{"stop_shutdown", [](const Payload&, Socket&) -> HandleResult { return Stop{StopReason::shutdown("left")}; }},
    Clause{"stop_shutdown_plain", [](const Payload&, Socket&) -> HandleResult { return Stop{StopReason::shutdown()}; }},
    Clause{"stop_abnormal", [](const Payload&, Socket&) -> HandleResult { return Stop{StopReason::other("abnormal")}; }},
    Clause{"stop_reply",
           [](const Payload& p, Socket&) -> HandleResult {
             return StopReply{StopReason::normal(), Reply::ok(p)};
           }},
    Clause{"stop_reply_error",
           [](const Payload&, Socket&) -> HandleResult {
             return StopReply{StopReason::shutdown("bye"), Reply::error(obj("reason", "bye"))};
           }},
    Clause{"bin", [](const Payload& p, Socket&) -> HandleResult { return Reply::ok(only_bytes(p)); }},
    Clause{"bin_err", [](const Payload& p, Socket&) -> HandleResult { return Reply::error(only_bytes(p)); }},
    Clause{"bin_size", [](const Payload& p, Socket&) -> HandleResult { return Reply::ok(obj("size", only_bytes(p).raw().size())); }},
    Clause{"bin_reply",
           [](const Payload&, Socket&) -> HandleResult {
             return Reply::ok(Payload::binary({"\x00\xff\x01\xfe", 4}));
           }},
    Clause{"bin_broadcast",
           [](const Payload& p, Socket& s) -> HandleResult {
             s.broadcast("bin_msg", only_bytes(p));
             return NoReply{};
           }},
    Clause{"bin_broadcast_json",
           [](const Payload&, Socket& s) -> HandleResult {
             s.broadcast("bin_msg", Payload::binary("\xde\xad\xbe\xef"));
             return NoReply{};
           }},
    Clause{"push_bin",
           [](const Payload&, Socket& s) -> HandleResult {
             s.push("bin_push", Payload::binary("\xca\xfe"));
             return NoReply{};
           }},
    Clause{"long_topic_event",
           [](const Payload&, Socket& s) -> HandleResult {
             s.push(std::string(256, 'e'), Payload::binary("\x01"));
             return NoReply{};
           }},
};

Json room_info(const Socket& socket) {
  const Json* info = socket.assign_or_null("connect_info");
  return obj("user_id", socket.assigns().at("user_id"), "info", info != nullptr ? *info : Json(nullptr), "transport",
             std::string(socket.transport()), "vsn", std::string(socket.serializer_name()));
}

}  // namespace

JoinResult RoomChannel::join(std::string_view topic, const Json& params, Socket& socket) {
  if (topic.starts_with("room:private")) return JoinError{obj("reason", "unauthorized")};
  if (topic == "room:crash_join") throw std::runtime_error("crash in join");
  if (topic == "room:slow_join") return slow_join(socket);
  if (topic == "room:echo_join") return JoinOk{params};
  if (topic == "room:info") return JoinOk{room_info(socket)};
  if (topic == "room:bin_join") return JoinOk{Payload::binary("\x01\x02\x03")};
  if (topic == "room:bad_join_return") return JoinResult{};
  if (topic == "room:after_join") socket.send_self("after_join");
  return JoinOk{};
}

JoinResult RoomChannel::slow_join(Socket& socket) {
  co_await socket.sleep(300ms);
  co_return JoinOk{};
}

HandleResult RoomChannel::handle_in(std::string_view event, const Payload& payload, Socket& socket) {
  for (const Clause& clause : clauses) {
    if (clause.event == event) return clause.run(payload, socket);
  }
  return Channel::handle_in(event, payload, socket);
}

HandleResult RoomChannel::handle_out(std::string_view event, const Payload& payload, Socket& socket) {
  if (event == "secret") {
    Json seen = payload.json();
    seen["seen_by"] = json_token(socket.join_ref());
    socket.push("secret", seen);
  }
  return NoReply{};
}

HandleResult RoomChannel::handle_info(const Info& message, Socket& socket) {
  if (message.is("after_join")) {
    socket.push("welcome", obj("hello", "there"));
  } else if (const auto* later = message.get_if<AnswerLater>()) {
    reply(later->ref, Reply::ok(later->payload));
  }
  return NoReply{};
}

std::span<const std::string_view> RoomChannel::intercepts() const noexcept {
  static constexpr std::array<std::string_view, 2> events{"secret", "drop_me"};
  return events;
}

}  // namespace phx::fixture
