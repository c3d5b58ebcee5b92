#include "operation.hpp"

#include <utility>

#include "session.hpp"

namespace phx::client::detail {

namespace {

/// phoenix.js runs the hooks of status "timeout" when no answer came in time.
bool is_timeout(std::error_code error) { return error == Errc::push_timeout || error == Errc::join_timeout; }

}  // namespace

Operation::Operation(std::shared_ptr<ChannelShared> channel, Kind kind) : Slot(channel.get()), channel_(std::move(channel)), kind_(kind) {}

void Operation::receive(std::string status, Push::Hook hook) { add({std::move(status), std::move(hook), {}}); }

void Operation::on_failure(Push::FailureHook hook) { add({{}, {}, std::move(hook)}); }

void Operation::add(Hook hook) {
  const Hook* added = nullptr;
  std::optional<Result<Reply>> told;
  {
    const std::scoped_lock lock(channel_->queue().mutex);
    if (!active) return;
    hooks_.push_back(std::move(hook));
    added = &hooks_.back();
    told = latest_;
  }
  if (!told) return;
  channel_->queue().enqueue([self = shared_from_this(), added, outcome = std::move(*told)] { self->run_hook(*added, outcome); });
}

void Operation::watch(MoveFunction<void(const Result<Reply>&)> watcher) {
  std::optional<Result<Reply>> outcome;
  {
    const std::scoped_lock lock(channel_->queue().mutex);
    if (!first_) return watchers_.push_back(std::move(watcher));
    outcome = first_;
  }
  watcher(*outcome);
}

void Operation::complete_with(ReplyCompletion completion, bool on_queue) {
  const std::scoped_lock lock(channel_->queue().mutex);
  completion_ = std::move(completion);
  completion_on_queue_ = on_queue;
  needs_hooks_ = false;
}

void Operation::cancel() {
  channel_->queue().retire(*this);
  give_up();
}

void Operation::give_up() {
  if (!resolve(failure(Errc::cancelled))) return;  // the session has let go of it
  channel_->socket().inbox.post([self = shared_from_this()](Session& session) { session.forget(*self); });
}

void Operation::refuse(std::error_code why) {
  {
    const std::scoped_lock lock(channel_->queue().mutex);
    latest_ = tl::unexpected(why);
    needs_hooks_ = false;
  }
  resolve(tl::unexpected(why));
}

bool Operation::resolve(const Result<Reply>& outcome) {
  std::vector<MoveFunction<void(const Result<Reply>&)>> watchers;
  ReplyCompletion completion;
  bool hooks_wanted = false;
  bool on_queue = false;
  {
    const std::scoped_lock lock(channel_->queue().mutex);
    if (first_ && kind_ == Kind::once) return false;
    if (!first_) first_ = outcome;
    watchers.swap(watchers_);
    completion = std::exchange(completion_, {});
    on_queue = completion_on_queue_;
    hooks_wanted = active && needs_hooks_;
  }
  for (auto& watcher : watchers) watcher(outcome);
  if (completion && !on_queue) completion(outcome ? std::error_code() : outcome.error(), outcome.value_or(Reply{}));
  if (completion && on_queue) {
    channel_->queue().enqueue([self = shared_from_this(), completion = std::move(completion), outcome]() mutable {
      self->channel_->queue().call(*self, [&] { completion(outcome ? std::error_code() : outcome.error(), outcome.value_or(Reply{})); });
    });
  }
  if (hooks_wanted) channel_->queue().enqueue([self = shared_from_this(), outcome] { self->run_hooks(outcome); });
  return true;
}

void Operation::end(std::error_code why) {
  {
    const std::scoped_lock lock(channel_->queue().mutex);
    if (first_) return;
  }
  resolve(tl::unexpected(why));
}

void Operation::forget() {
  channel_->queue().enqueue([self = shared_from_this()] {
    const std::scoped_lock lock(self->channel_->queue().mutex);
    self->latest_.reset();
  });
}

void Operation::run_hooks(const Result<Reply>& outcome) {
  std::vector<const Hook*> hooks;  // those added by a hook get a task of their own
  {
    const std::scoped_lock lock(channel_->queue().mutex);
    latest_ = outcome;
    for (const auto& hook : hooks_) hooks.push_back(&hook);
  }
  for (const auto* hook : hooks) run_hook(*hook, outcome);
}

void Operation::run_hook(const Hook& hook, const Result<Reply>& outcome) {
  channel_->queue().call(*this, [&] {
    if (hook.failed) {
      if (!outcome) hook.failed(outcome.error());
    } else if (outcome && hook.status == outcome->status) {
      hook.run(*outcome);
    } else if (!outcome && hook.status == "timeout" && is_timeout(outcome.error())) {
      hook.run(Reply{"timeout", {}});
    }
  });
}

void Operation::release() noexcept {
  std::list<Hook> hooks;
  const std::scoped_lock lock(channel_->queue().mutex);
  hooks.swap(hooks_);
}

}  // namespace phx::client::detail

namespace phx::client {

Push& Push::receive(std::string status, Hook hook) {
  operation_->receive(std::move(status), std::move(hook));
  return *this;
}

Push& Push::on_failure(FailureHook hook) {
  operation_->on_failure(std::move(hook));
  return *this;
}

void Push::on_outcome(detail::MoveFunction<void(const Result<Reply>&)> watcher) const { operation_->watch(std::move(watcher)); }

std::future<Result<Reply>> Push::future() const {
  std::promise<Result<Reply>> promise;
  auto future = promise.get_future();
  on_outcome([promise = std::move(promise)](const Result<Reply>& outcome) mutable { promise.set_value(outcome); });
  return future;
}

void Push::cancel() { operation_->cancel(); }

}  // namespace phx::client
