// What the machine wants done. Views in the effects end with the next input, so whatever a callback needs is copied here.

#include <algorithm>
#include <utility>
#include <variant>

#include <phx/core/client/ref.hpp>

#include "session.hpp"

namespace phx::client::detail {

void Session::perform() {
  shared_->state = core_.state();
  shared_->transport = core_.transport();
  for (auto& effect : effects_) std::visit([this](auto& e) { perform(e); }, effect);
  effects_.clear();
  measure_depths();
}

// ---- channels ----

void Session::perform(core::ChannelMessage& e) {
  auto shared = channel(e.channel);
  if (shared && e.event != "phx_reply") shared_->monitor.message(shared->topic, e.event, e.payload.size());
  if (!shared || (e.event == "phx_reply" && !shared->wants_replies())) return;
  const auto own = core::RefToken(core_.channel(e.channel).join_ref());
  Message message{.topic = shared->topic,
                  .event = std::string(e.event),
                  .payload = Payload::received(e.kind, e.payload),
                  .ref = std::string(e.ref),
                  .join_ref = std::string(e.join_ref == core::null_token ? own.view() : e.join_ref)};
  Backlog::Item waiting(shared_->backlog, e.payload.size());
  shared_->queue->enqueue([shared = std::move(shared), message = std::move(message), waiting = std::move(waiting)] {
    shared->messages.call(shared->queue(), message.event, message);
    shared->every_message.call(shared->queue(), {}, message);
  });
}

void Session::perform(core::PushReplied& e) {
  const auto operation = take(e.push);
  if (!operation) return;
  unstore(*operation, {});
  if (!operation->event.empty())
    shared_->monitor.replied(operation->channel()->topic, operation->event, e.status,
                             std::chrono::steady_clock::now() - operation->started);
  operation->resolve(Reply{std::string(e.status), Payload::received(e.kind, e.response)});
}

void Session::perform(core::PushFailed& e) {
  const auto operation = take(e.push);
  if (!operation) return;
  unstore(*operation, e.why);
  if (!operation->event.empty()) shared_->monitor.failed(operation->channel()->topic, operation->event, e.why);
  operation->resolve(tl::unexpected(e.why));
}

void Session::perform(core::ChannelStateChanged& e) {
  auto shared = channel(e.channel);
  if (!shared) return;
  shared->state = e.to;
  shared_->monitor.channel_changed(shared->topic, e.from, e.to);
  if (e.to == ChannelState::joining) {
    if (const auto join = join_of(e.channel)) join->forget();
  }
  shared_->queue->enqueue([shared = std::move(shared), state = e.to] { shared->states.call(shared->queue(), {}, state); });
}

void Session::perform(core::JoinReplied& e) {
  if (const auto join = join_of(e.channel)) join->resolve(Reply{std::string(e.status), Payload::received(e.kind, e.response)});
}

void Session::perform(core::JoinFailed& e) {
  if (const auto join = join_of(e.channel)) join->resolve(tl::unexpected(e.why));
}

void Session::perform(core::ChannelErrored& e) {
  auto shared = channel(e.channel);
  if (!shared) return;
  Message message{.topic = shared->topic,
                  .event = "phx_error",
                  .payload = Payload::received(e.kind, e.payload),
                  .ref = std::string(core::null_token),
                  .join_ref = std::string(core::RefToken(core_.channel(e.channel).join_ref()).view())};
  shared_->queue->enqueue(
      [shared = std::move(shared), message = std::move(message)] { shared->errors.call(shared->queue(), {}, message); });
}

void Session::perform(core::ChannelClosed& e) {
  auto shared = channel(e.channel);
  if (!shared) return;
  if (e.cause != core::CloseCause::left) shared->membership = false;  // leave() has done so itself, and a join() may have followed it
  if (const auto join = joins_.extract(e.channel)) join.mapped()->end(Errc::channel_closed);
  shared_->queue->enqueue([shared = std::move(shared)] { shared->closes.call(shared->queue(), {}); });
}

void Session::perform(core::NeedJoinParams& e) {
  auto shared = channel(e.channel);
  if (!shared) return;
  shared_->queue->enqueue([shared = std::move(shared), id = e.channel, request = e.request] {
    std::optional<Payload> params;
    // A function that throws has been reported; the join then runs into its timeout.
    if (!shared->queue().guarded([&] { params = shared->params.get(); })) return;
    shared->socket().inbox.post([id, request, text = params->text()](Session& session) { session.join_params(id, request, text); });
  });
}

// ---- the socket ----

void Session::perform(core::SocketOpened& e) {
  shared_->monitor.opened(e.establishments);
  shared_->queue->enqueue([shared = shared_] { shared->opens.call(*shared->queue, {}); });
}

void Session::perform(core::SocketClosed& e) {
  fail_pings(Errc::connection_closed);
  ConnectionClosed closed{e.code, std::move(e.reason), e.clean};
  shared_->monitor.closed(closed);
  shared_->queue->enqueue([shared = shared_, closed = std::move(closed)] { shared->closes.call(*shared->queue, {}, closed); });
}

void Session::tell_error(ConnectionError error, bool bad_frame) {
  shared_->monitor.error(error, bad_frame);
  shared_->queue->enqueue([shared = shared_, error = std::move(error)] { shared->errors.call(*shared->queue, {}, error); });
}

void Session::perform(core::SocketError& e) {
  const auto* from = carrier(e.generation);
  const auto& message = from ? from->error_message() : attempt_error_;
  tell_error({e.why, message.empty() ? e.why.message() : message, e.http_status, e.establishments, e.falling_back, false});
}

void Session::perform(core::BadFrame& e) {
  tell_error({e.why, "the server sent a frame that is no Phoenix message: " + e.why.message(), 0, core_.establishments(), false, false},
             true);
}

void Session::perform(core::Disconnected& e) {
  if (auto done = disconnects_.extract(e.id)) done.mapped()({});
}

void Session::perform(core::ReconnectScheduled& e) {
  const Reconnecting notice{e.delay, e.attempt, e.why};
  shared_->monitor.reconnecting(notice);
  shared_->queue->enqueue([shared = shared_, notice] { shared->reconnects.call(*shared->queue, {}, notice); });
}

void Session::perform(core::Terminal& e) {
  std::string message = e.why == Errc::unauthorized ? "refused for good: " : "no further attempt, as the reconnect policy says: ";
  message += e.http_status != 0 ? "HTTP " + std::to_string(e.http_status) : "close code " + std::to_string(e.code);
  tell_error({e.why, std::move(message), e.http_status, core_.establishments(), false, true});
  for (const auto& [id, join] : joins_) join->end(e.why);
}

void Session::perform(core::Pong& e) {
  if (auto done = pings_.extract(e.id)) done.mapped()(e.rtt);
}

void Session::perform(core::HeartbeatReplied& e) { shared_->monitor.heartbeat(e.rtt); }

/// Tells the monitor when pushes came or went.
void Session::measure_depths() {
  if (pushes_.size() == told_pushes_ && core_.in_flight() == told_in_flight_) return;
  told_pushes_ = pushes_.size();
  told_in_flight_ = core_.in_flight();
  shared_->monitor.depths(told_pushes_ - std::min(told_in_flight_, told_pushes_), told_in_flight_);
}

void Session::perform(core::MessageSeen& e) {
  if (!shared_->messages.used()) return;
  const auto& seen = e.message;
  Message message{.topic = std::string(seen.topic),
                  .event = std::string(seen.event),
                  .payload = Payload::received(seen.payload_kind, seen.payload),
                  .ref = std::string(seen.ref),
                  .join_ref = std::string(seen.join_ref)};
  Backlog::Item waiting(shared_->backlog, seen.payload.size());
  shared_->queue->enqueue([shared = shared_, message = std::move(message), waiting = std::move(waiting)] {
    shared->messages.call(*shared->queue, {}, message);
  });
}

}  // namespace phx::client::detail
