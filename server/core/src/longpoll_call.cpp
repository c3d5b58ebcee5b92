#include "longpoll_call.hpp"

#include <algorithm>
#include <utility>

namespace phx::server::detail {

using Kind = LongPollRequest::Kind;

LongPollCall::LongPollCall(std::shared_ptr<const LongPollMount> mount, LongPollAddress address)
    : mount_(std::move(mount)), address_(std::move(address)) {}

void LongPollCall::start(Conn conn, Answer answer) {
  shard_ = conn.shard;
  conn_.emplace(std::move(conn));
  answer_.emplace(std::move(answer));
  ask({Kind::subscribe, nullptr}, mount_->options.pubsub_timeout, [this] { gone(); });
}

void LongPollCall::ask(LongPollRequest request, Duration limit, std::function<void()> late) {
  stop_timer();
  timer_ = shard_->send_after(limit, [self = shared_from_this(), late = std::move(late)] {
    if (self->wanted()) late();
  });
  request.caller = shared_from_this();
  request.step = ++step_;
  mount_->service->directory()->send(address_, std::move(request));
}

void LongPollCall::on_reply(std::uint32_t step, Reply reply) {
  if (step != step_ || !wanted()) return;
  if (found_) return told(reply);
  found_ = true;
  found();
}

/// Messages are not lost because the one who asked for them went away meanwhile; Phoenix loses them.
void LongPollCall::on_messages(std::uint32_t step, LongPollBatch messages) {
  if (step == step_ && wanted()) return got(std::move(messages));
  mount_->service->directory()->send(address_, {.kind = Kind::give_back, .caller = nullptr, .messages = std::move(messages)});
}

bool LongPollCall::wanted() {
  if (answer_ && answer_->wanted()) return true;
  stop_timer();
  conn_.reset();
  answer_.reset();
  return false;
}

void LongPollCall::stop_timer() {
  if (const auto timer = std::exchange(timer_, 0)) shard_->cancel(timer);
}

void LongPollCall::finish(const std::function<Conn(Conn)>& make) {
  const auto self = shared_from_this();  // the timer may be the last to hold it
  stop_timer();
  Conn request = std::move(*conn_);
  conn_.reset();
  const auto answer = *std::exchange(answer_, std::nullopt);
  const auto format = error_format(request);
  const auto* views = request.error_views;
  const auto fail = [&](int status) {
    const auto why = describe(std::current_exception());
    mount_->service->observer().log({Level::error, "request failed", {}, why});
    Conn page;
    page.error_views = views;
    render_error(page, status, format);
    return page;
  };
  Conn response;
  try {
    response = make(std::move(request));
  } catch (const HttpError& e) { response = fail(e.status()); } catch (...) {
    response = fail(500);
  }
  answer(std::move(response));
}

PollCall::PollCall(std::shared_ptr<const LongPollMount> mount, LongPollAddress address, std::string token, Json params)
    : LongPollCall(std::move(mount), std::move(address)), token_(std::move(token)), params_(std::move(params)) {}

void PollCall::found() {
  ask({Kind::flush, nullptr}, mount().options.window, [this] { nothing(); });
}

void PollCall::gone() {
  finish([this](Conn request) { return mount().open_session(std::move(request), params_); });
}

void PollCall::told(Reply reply) { reply == Reply::available ? found() : nothing(); }

void PollCall::got(LongPollBatch messages) {
  finish([&](Conn request) {
    if (messages.unencodable) throw HttpError(500, "a binary message is not UTF-8 and has no form in a long-poll answer");
    return answer_messages(std::move(request), 200, token_, messages.json);
  });
}

void PollCall::nothing() {
  finish([this](Conn request) { return answer_messages(std::move(request), 204, token_, {}); });
}

void PublishCall::found() {
  if (conn().body_too_large) return finish([](Conn) -> Conn { throw HttpError(400, "request body beyond the limit"); });
  const auto types = std::ranges::count(conn().req_headers, "content-type", &HeaderList::value_type::first);
  const bool ndjson = types == 1 && conn().req_header("content-type") == "application/x-ndjson";
  body_.emplace(std::move(conn().body), ndjson);
  next();
}

void PublishCall::gone() { status(410); }

void PublishCall::told(Reply reply) { reply == Reply::acknowledged ? next() : status(408); }

/// The one after the other, each acknowledged before the next (server.md 3.3).
void PublishCall::next() {
  std::optional<LongPollEntry> entry;
  try {
    entry = body_->next();
  } catch (const HttpError&) {
    return finish([why = std::current_exception()](Conn) -> Conn { std::rethrow_exception(why); });
  }
  if (!entry) return status(200);
  ask({.kind = Kind::dispatch, .caller = nullptr, .op = entry->op, .bytes = std::move(entry->bytes)}, mount().options.window,
      [this] { status(408); });
}

void PublishCall::status(int status) {
  finish([status](Conn request) { return answer_status(std::move(request), status); });
}

}  // namespace phx::server::detail
