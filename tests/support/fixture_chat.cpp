#include <stdexcept>
#include <string>

#include "support/fixture_channels.hpp"

#include <phx/core/json.hpp>

namespace phx::fixture {

using server::HandleResult;
using server::Info;
using server::JoinOk;
using server::JoinResult;
using server::NoReply;
using server::Payload;
using server::Reply;
using server::Socket;

namespace {

struct AfterJoin {
  Json meta;
};

// As Elixir's to_string does for what JSON can hold here.
std::string key_text(const Json& key) { return key.is_string() ? key.get<std::string>() : to_json_text(key); }

Json key_of(const Json& params, const Socket& socket) {
  if (const auto key = params.find("key"); key != params.end() && !key->is_null()) return *key;
  const Json* user = socket.assign_or_null("user_id");
  return user != nullptr && !user->is_null() ? *user : Json("anon");
}

Json merged(Json into, const Json& from) {
  into.update(from);
  return into;
}

}  // namespace

JoinResult ChatChannel::join(std::string_view, const Json& params, Socket& socket) {
  if (!params.is_object()) throw std::runtime_error("no clause of join for params that are no map");
  const Json key = key_of(params, socket);
  socket.assign("key", key_text(key));
  socket.send_self(AfterJoin{merged(obj("online_at", 1'700'000'000), params.value("meta", Json::object()))});
  return JoinOk{obj("key", key)};
}

HandleResult ChatChannel::handle_in(std::string_view event, const Payload& payload, Socket& socket) {
  const std::string key = socket.assigns().at("key").get<std::string>();
  if (event == "update_presence") {
    presence_->update(socket, key, [&](const Json& old) { return merged(old, payload.json()); });
    return Reply::ok();
  }
  if (event == "replace_presence") {
    presence_->update(socket, key, payload.json());
    return NoReply{};
  }
  if (event == "track_more") {
    presence_->track(socket, key_text(payload.json().at("key")), payload.json().at("meta"));
    return Reply::ok();
  }
  if (event == "untrack") {
    presence_->untrack(socket, key);
    return Reply::ok();
  }
  if (event == "list") return Reply::ok(presence_->list(socket));
  if (event == "get_state") {
    socket.push("presence_state", presence_->list(socket));
    return NoReply{};
  }
  if (event == "new_msg") {
    socket.broadcast("new_msg", payload);
    return NoReply{};
  }
  return Channel::handle_in(event, payload, socket);  // `crash` too: no clause
}

HandleResult ChatChannel::handle_info(const Info& message, Socket& socket) {
  const auto* joined = message.get_if<AfterJoin>();
  if (joined == nullptr) return Channel::handle_info(message, socket);
  presence_->track(socket, socket.assigns().at("key").get<std::string>(), joined->meta);
  socket.push("presence_state", presence_->list(socket));
  return NoReply{};
}

}  // namespace phx::fixture
