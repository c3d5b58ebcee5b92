#include "longpoll_session.hpp"

#include <utility>

#include <phx/core/json_text.hpp>
#include <phx/server/conn.hpp>

namespace phx::server::detail {

namespace {

std::size_t cost(const LongPollRequest& request) { return sizeof request + request.bytes.size(); }

/// Calls f with every message in a run of whole, unmasked frames; control frames have no meaning here.
template <class F>
void each_message(std::string_view frames, F&& f) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(frames[i]); };
  const auto number = [&](std::size_t at, std::size_t bytes) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | byte(at + i);
    return value;
  };
  while (!frames.empty()) {
    const std::size_t coded = byte(1), extended = coded == 127 ? 8 : coded == 126 ? 2 : 0;
    const std::size_t length = extended == 0 ? coded : number(2, extended);
    const bool control = (byte(0) & 0x08u) != 0;
    if (!control) f(frames.substr(2 + extended, length));
    frames.remove_prefix(2 + extended + length);
  }
}

}  // namespace

void LongPollBatch::append(std::string_view message) {
  if (!core::is_utf8(message)) {
    unencodable = true;
    return;
  }
  if (!json.empty()) json += ',';
  core::append_json_string(json, message);
}

LongPollSession::LongPollSession(Shard& shard, std::unique_ptr<TransportSession> session, const Settings& settings,
                                 std::function<void()> on_end)
    : shard_(shard),
      outbox_(shard.dirty(), *this),
      session_(std::move(session)),
      settings_(settings),
      on_end_(std::move(on_end)),
      last_poll_(shard.now()) {}

LongPollSession::~LongPollSession() {
  on_end_ = nullptr;
  end(CloseCause::connection_lost);
}

void LongPollSession::open() {
  ++shard_.stats().longpoll.now;
  ++shard_.stats().longpoll.total;
  session_->init(*this, shard_.now());
  arm_inactivity_check();
}

/// While a join runs requests wait, and their clients may give up and send more: as much as may wait in the other direction.
void LongPollSession::receive(LongPollRequest request) {
  if (ended_) return;
  waiting_bytes_ += cost(request);
  if (waiting_bytes_ > settings_.max_queue_bytes && !mailbox_.empty()) {
    settings_.observer->log({Level::warning, "long-poll session ended: too many messages wait for it"});
    return end(CloseCause::protocol_error);
  }
  mailbox_.push_back(std::move(request));
  pump();
}

void LongPollSession::pump() {
  while (!ended_ && !close_wanted_ && holds_ == 0 && !unanswered_ && !mailbox_.empty()) {
    auto request = std::move(mailbox_.front());
    mailbox_.pop_front();
    waiting_bytes_ -= cost(request);
    handle(std::move(request));
  }
}

void LongPollSession::handle(LongPollRequest request) {
  using Kind = LongPollRequest::Kind;
  switch (request.kind) {
    case Kind::subscribe: return tell({std::move(request.caller), request.step}, LongPollCaller::Reply::subscribed);
    case Kind::flush: return flush_to({std::move(request.caller), request.step});
    case Kind::dispatch: return dispatch(request);
    case Kind::give_back: return take_back(std::move(request.messages));
  }
}

void LongPollSession::take_back(LongPollBatch messages) {
  if (messages.json.empty()) return;
  if (!buffer_.json.empty()) messages.json += ',' + buffer_.json;
  buffer_.json = std::move(messages.json);
  if (const auto poller = std::exchange(poller_, std::nullopt)) tell(*poller, LongPollCaller::Reply::available);
}

/// A message that raises ends the session, and nobody tells the client, who waits a window for it (golden bad_json).
void LongPollSession::dispatch(const LongPollRequest& request) {
  ++shard_.stats().messages_in;
  try {
    session_->handle_in(request.op, request.bytes, shard_.now());
  } catch (...) {
    report(std::current_exception());
    return end(CloseCause::protocol_error);
  }
  Waiter caller{request.caller, request.step};
  if (close_wanted_) return tell(std::move(caller), LongPollCaller::Reply::refused);
  if (holds_ == 0) return tell(std::move(caller), LongPollCaller::Reply::acknowledged);
  unanswered_ = std::move(caller);
}

void LongPollSession::flush_to(Waiter poller) {
  last_poll_ = shard_.now();
  collect();
  if (ended_) return;
  if (buffer_.empty()) {
    poller_ = std::move(poller);  // an earlier one is forgotten and ends with its window (golden two_polls)
    return;
  }
  poller_.reset();
  auto& shard = poller.caller->shard();
  auto told = [poller, messages = std::exchange(buffer_, {})]() mutable { poller.caller->on_messages(poller.step, std::move(messages)); };
  shard.is_current() ? shard.defer(std::move(told)) : shard.post(std::move(told));
}

void LongPollSession::tell(Waiter whom, LongPollCaller::Reply reply) {
  auto& shard = whom.caller->shard();
  auto told = [whom = std::move(whom), reply] { whom.caller->on_reply(whom.step, reply); };
  shard.is_current() ? shard.defer(std::move(told)) : shard.post(std::move(told));
}

/// Unpacks what has been written. True when somebody was told of it.
bool LongPollSession::collect() {
  if (outbox_.empty()) return false;
  for (const Slice& slice : outbox_.slices()) each_message(slice.view(), [this](std::string_view message) { buffer_.append(message); });
  outbox_.consume(outbox_.bytes());
  if (buffer_.json.size() > settings_.max_queue_bytes) {
    settings_.observer->log({Level::warning, "long-poll session ended: its client does not poll"});
    ++shard_.stats().slow_readers_cut;
    end(CloseCause::connection_lost);
    return true;
  }
  const auto poller = std::exchange(poller_, std::nullopt);
  if (poller) tell(*poller, LongPollCaller::Reply::available);
  return poller.has_value();
}

void LongPollSession::close(std::uint16_t, std::string_view) {
  close_wanted_ = true;
  outbox_.mark_dirty();
}

void LongPollSession::resume_reading() {
  if (--holds_ == 0) outbox_.mark_dirty();
}

bool LongPollSession::settle(Instant) {
  if (ended_) return false;
  const Shard::Entered here(shard_);
  bool more = collect();
  if (ended_) return true;
  if (close_wanted_) {
    end(CloseCause::local_close);
    return true;
  }
  if (holds_ > 0) return more;
  if (const auto caller = std::exchange(unanswered_, std::nullopt)) {
    tell(*caller, LongPollCaller::Reply::acknowledged);
    more = true;
  }
  more = more || !mailbox_.empty();
  pump();
  return more;
}

void LongPollSession::drain() {
  if (ended_) return;
  bool drains = true;
  try {
    drains = session_->drain(shard_.now());
  } catch (...) {
    report(std::current_exception());
    end(CloseCause::protocol_error);
  }
  if (drains) end_waiting();
}

void LongPollSession::shutdown() {
  end_waiting();
  end(CloseCause::shutdown);
}

/// A poll need not hold up the end of the endpoint for a window.
void LongPollSession::end_waiting() {
  if (const auto poller = std::exchange(poller_, std::nullopt)) tell(*poller, LongPollCaller::Reply::closing);
}

/// Only polls count (golden session_expired; B 37: POSTs do not).
void LongPollSession::arm_inactivity_check() {
  const Duration limit = settings_.window * 3 / 2;
  timer_ = shard_.send_after(limit, [this, limit] {
    if (shard_.now() - last_poll_ > limit) return end(CloseCause::inactive);
    arm_inactivity_check();
  });
}

void LongPollSession::end(CloseCause cause) {
  if (std::exchange(ended_, true)) return;
  --shard_.stats().longpoll.now;
  shard_.cancel(timer_);
  try {
    session_->terminate(cause, shard_.now());
  } catch (...) { report(std::current_exception()); }
  mailbox_.clear();
  waiting_bytes_ = 0;
  unanswered_.reset();
  poller_.reset();
  if (on_end_) on_end_();
}

void LongPollSession::report(const std::exception_ptr& why) {
  const auto detail = describe(why);
  settings_.observer->log({Level::error, "socket session raised", {}, detail});
}

}  // namespace phx::server::detail
