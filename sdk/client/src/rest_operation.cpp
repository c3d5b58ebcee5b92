#include "rest_operation.hpp"

#include <utility>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "rest_session.hpp"

namespace phx::client::detail {

void RestOperation::then(std::function<void(const RestResult&)> handler) {
  {
    const std::scoped_lock lock(shared_->queue->mutex);
    if (!active) return;
    if (!outcome_) return handlers_.push_back(std::move(handler));
  }
  shared_->queue->enqueue([self = shared_from_this(), handler = std::move(handler)] { self->run(handler); });
}

std::future<RestResult> RestOperation::future() {
  std::promise<RestResult> promise;
  auto future = promise.get_future();
  const std::scoped_lock lock(shared_->queue->mutex);
  if (outcome_) {
    promise.set_value(*outcome_);
  } else {
    promises_.push_back(std::move(promise));
  }
  return future;
}

void RestOperation::complete_with(RestCompletion completion, bool on_queue) {
  const std::scoped_lock lock(shared_->queue->mutex);
  completion_ = std::move(completion);
  completion_on_queue_ = on_queue;
}

void RestOperation::cancel() {
  shared_->queue->retire(*this);
  give_up();
}

void RestOperation::give_up() {
  resolve(tl::unexpected(RestFailure{.code = Errc::cancelled, .message = "the request was cancelled"}));
  shared_->post([self = shared_from_this()](RestSession& session) { session.cancel(*self); });
}

/// The first outcome counts.
void RestOperation::resolve(RestResult outcome) {
  std::vector<std::promise<RestResult>> promises;
  std::vector<std::function<void(const RestResult&)>> handlers;
  RestCompletion completion;
  bool on_queue = false;
  {
    const std::scoped_lock lock(shared_->queue->mutex);
    if (outcome_) return;
    outcome_ = std::move(outcome);
    promises.swap(promises_);
    handlers.swap(handlers_);
    completion = std::exchange(completion_, {});
    on_queue = completion_on_queue_;
  }
  const RestResult& result = *outcome_;  // never changes again
  const std::error_code error = result ? std::error_code() : result.error().code;
  for (auto& promise : promises) promise.set_value(result);
  if (completion && !on_queue) completion(error, result ? *result : RestResponse{});
  if (completion && on_queue)
    shared_->queue->enqueue([self = shared_from_this(), completion = std::move(completion), error]() mutable {
      self->shared_->queue->call(*self, [&] { completion(error, *self->outcome_ ? **self->outcome_ : RestResponse{}); });
    });
  for (auto& handler : handlers) shared_->queue->enqueue([self = shared_from_this(), handler = std::move(handler)] { self->run(handler); });
}

void RestOperation::run(const std::function<void(const RestResult&)>& handler) {
  shared_->queue->call(*this, [&] { handler(*outcome_); });
}

void RestOperation::release() noexcept {
  std::vector<std::function<void(const RestResult&)>> handlers;
  const std::scoped_lock lock(shared_->queue->mutex);
  handlers.swap(handlers_);
}

// ---- RestShared ----

void RestShared::open(std::shared_ptr<RestSession> session) {
  const std::scoped_lock lock(mutex_);
  session_ = std::move(session);
}

bool RestShared::post(std::function<void(RestSession&)> task) {
  const std::scoped_lock lock(mutex_);  // held while posting: close() must not let the strand go in between
  if (!session_) return false;
  boost::asio::post(session_->strand(), [session = session_, task = std::move(task)] { task(*session); });
  return true;
}

void RestShared::close() {
  std::shared_ptr<RestSession> session;
  {
    const std::scoped_lock lock(mutex_);
    session.swap(session_);
  }
  if (session) boost::asio::dispatch(session->strand(), [session] { session->shut_down(); });
}

}  // namespace phx::client::detail

namespace phx::client {

RestCall& RestCall::then(std::function<void(const RestResult&)> handler) {
  operation_->then(std::move(handler));
  return *this;
}

std::future<RestResult> RestCall::future() const { return operation_->future(); }

void RestCall::cancel() { operation_->cancel(); }

}  // namespace phx::client
