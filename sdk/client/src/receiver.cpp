#include <phx/client/receiver.hpp>

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <utility>

#include <phx/client/detail/start.hpp>

#include "channel_shared.hpp"

namespace phx::client {

namespace detail {

using ReceiveDone = MoveFunction<void(std::error_code, Message)>;

class ReceiverShared final : public Waiter {
 public:
  struct Waiting {
    ReceiveDone done;
    bool on_queue = false;
    std::uint64_t ticket = 0;
  };

  ReceiverShared(std::shared_ptr<CallbackQueue> callbacks, ReceiverOptions options)
      : queue(std::move(callbacks)), options_(std::move(options)) {}

  void offer(const Message& message);
  std::optional<Message> take();
  Result<Message> take_within(Duration timeout);
  void wait(Waiting waiting);
  void cancel(std::uint64_t ticket);
  void end(std::error_code why) override;
  void open_again() {
    const std::scoped_lock lock(mutex_);
    if (ended_ == Errc::channel_closed) ended_ = {};
  }
  std::size_t dropped() {
    const std::scoped_lock lock(mutex_);
    return dropped_;
  }
  std::uint64_t next_ticket() {
    const std::scoped_lock lock(mutex_);
    return ++tickets_;
  }

  const std::shared_ptr<CallbackQueue> queue;

 private:
  /// Nothing: the queue is empty. An error: the gap (WhenFull::fail), told once.
  std::optional<Result<Message>> take_locked();
  /// Empty when it was queued or dropped; otherwise who gets it now.
  std::optional<Waiting> keep(const Message& message);
  void complete(Waiting waiting, std::error_code error, Message message);

  const ReceiverOptions options_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<Message> messages_;
  std::size_t bytes_ = 0;
  std::size_t dropped_ = 0;
  bool gap_ = false;  // behind the last of messages_
  std::list<Waiting> waiting_;
  std::uint64_t tickets_ = 0;
  std::error_code ended_;
};

std::optional<Result<Message>> ReceiverShared::take_locked() {
  if (messages_.empty()) return std::exchange(gap_, false) ? std::optional<Result<Message>>(failure(Errc::queue_full)) : std::nullopt;
  std::optional<Result<Message>> message = std::move(messages_.front());
  messages_.pop_front();
  bytes_ -= (*message)->payload.text().size();
  return message;
}

std::optional<Message> ReceiverShared::take() {
  const std::scoped_lock lock(mutex_);
  auto taken = take_locked();
  return taken && *taken ? std::optional(std::move(**taken)) : std::nullopt;
}

Result<Message> ReceiverShared::take_within(Duration timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return !messages_.empty() || gap_ || ended_; });
  if (auto taken = take_locked()) return std::move(*taken);
  return tl::unexpected(ended_ ? ended_ : std::make_error_code(std::errc::timed_out));
}

void ReceiverShared::offer(const Message& message) {
  if (auto served = keep(message)) return complete(std::move(*served), {}, message);
  changed_.notify_one();
}

std::optional<ReceiverShared::Waiting> ReceiverShared::keep(const Message& message) {
  const std::scoped_lock lock(mutex_);
  if (!waiting_.empty()) {
    std::optional<Waiting> first = std::move(waiting_.front());
    waiting_.pop_front();
    return first;
  }
  const std::size_t size = message.payload.text().size();
  const auto fits = [&] { return messages_.size() < options_.max_count && size <= options_.max_bytes - bytes_; };
  const bool ever = options_.max_count > 0 && size <= options_.max_bytes;
  while (options_.when_full == WhenFull::drop_oldest && ever && !fits() && take_locked()) ++dropped_;
  if (gap_ || !fits()) {
    gap_ = options_.when_full == WhenFull::fail;
    ++dropped_;
    return std::nullopt;
  }
  bytes_ += size;
  messages_.push_back(message);
  return std::nullopt;
}

void ReceiverShared::wait(Waiting waiting) {
  std::optional<Result<Message>> ready;
  {
    const std::scoped_lock lock(mutex_);
    ready = take_locked();
    if (!ready && ended_) ready = tl::unexpected(ended_);
    if (!ready) {
      waiting_.push_back(std::move(waiting));
      return;
    }
  }
  complete(std::move(waiting), *ready ? std::error_code() : ready->error(), *ready ? std::move(**ready) : Message{});
}

void ReceiverShared::cancel(std::uint64_t ticket) {
  std::optional<Waiting> found;
  {
    const std::scoped_lock lock(mutex_);
    for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
      if (it->ticket != ticket) continue;
      found = std::move(*it);
      waiting_.erase(it);
      break;
    }
  }
  if (found) complete(std::move(*found), Errc::cancelled, {});
}

void ReceiverShared::end(std::error_code why) {
  std::list<Waiting> waiting;
  {
    const std::scoped_lock lock(mutex_);
    ended_ = why;
    waiting.swap(waiting_);
  }
  changed_.notify_all();
  for (auto& one : waiting) complete(std::move(one), why, {});
}

void ReceiverShared::complete(Waiting waiting, std::error_code error, Message message) {
  if (!waiting.on_queue) return waiting.done(error, std::move(message));
  queue->enqueue([queue = queue.get(), done = std::move(waiting.done), error, message = std::move(message)]() mutable {
    queue->guarded([&] { done(error, std::move(message)); });
  });
}

std::uint64_t receive_ticket(const std::shared_ptr<ReceiverShared>& receiver) { return receiver->next_ticket(); }

void start_receive(const std::shared_ptr<ReceiverShared>& receiver, std::uint64_t ticket, ReceiveDone done, RunOn where) {
  receiver->wait({std::move(done), where == RunOn::callback_queue, ticket});
}

void cancel_receive(const std::shared_ptr<ReceiverShared>& receiver, std::uint64_t ticket) { receiver->cancel(ticket); }

}  // namespace detail

Receiver::Receiver(Channel& channel, ReceiverOptions options)
    : shared_(std::make_shared<detail::ReceiverShared>(channel.shared_->socket().queue, options)) {
  const auto weak = std::weak_ptr(shared_);  // the channel keeps these handlers, and they must not keep the receiver
  const auto offer = [weak](const Message& message) {
    if (const auto shared = weak.lock()) shared->offer(message);
  };
  messages_ = options.event.empty() ? channel.on_message(offer) : channel.on(options.event, offer);
  closes_ = channel.on_close([weak] {
    if (const auto shared = weak.lock()) shared->end(Errc::channel_closed);
  });
  states_ = channel.on_state([weak](ChannelState state) {
    const auto shared = weak.lock();
    if (shared && state == ChannelState::joining) shared->open_again();
  });
  shared_->queue->add_waiter(channel.shared_.get(), shared_);
}

Receiver::~Receiver() {
  if (shared_) shared_->end(Errc::cancelled);
}

Receiver::Receiver(Receiver&&) noexcept = default;

Receiver& Receiver::operator=(Receiver&& other) noexcept {
  if (this != &other) {
    Receiver dropped(std::move(*this));
    shared_ = std::move(other.shared_);
    messages_ = std::move(other.messages_);
    closes_ = std::move(other.closes_);
    states_ = std::move(other.states_);
  }
  return *this;
}

std::optional<Message> Receiver::try_receive() { return shared_->take(); }
Result<Message> Receiver::receive(Duration timeout) { return shared_->take_within(timeout); }
std::size_t Receiver::dropped() const { return shared_->dropped(); }

}  // namespace phx::client
