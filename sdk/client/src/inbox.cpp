#include "inbox.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "session.hpp"

namespace phx::client::detail {

namespace {
constexpr std::ptrdiff_t commands_of_a_turn = 256;
}

void Inbox::open(std::shared_ptr<Session> session) {
  const std::scoped_lock lock(mutex_);
  session_ = std::move(session);
}

bool Inbox::post(Command command) {
  const std::scoped_lock lock(mutex_);  // held while posting: close() must not let the strand go in between
  if (!session_) return false;
  commands_.push_back(std::move(command));
  if (!std::exchange(scheduled_, true)) boost::asio::post(session_->strand(), [session = session_] { session->run_inbox(); });
  return true;
}

void Inbox::close() {
  std::shared_ptr<Session> session;
  {
    const std::scoped_lock lock(mutex_);
    session.swap(session_);
  }
  if (!session) return;
  boost::asio::dispatch(session->strand(), [session] {
    while (session->run_inbox()) {}
    session->shut_down();
  });
}

bool Inbox::take(std::vector<Command>& commands) {
  const std::scoped_lock lock(mutex_);
  const auto end = commands_.begin() + std::min(std::ssize(commands_), commands_of_a_turn);
  commands.assign(std::make_move_iterator(commands_.begin()), std::make_move_iterator(end));
  commands_.erase(commands_.begin(), end);
  scheduled_ = !commands_.empty();
  if (scheduled_ && session_) boost::asio::post(session_->strand(), [session = session_] { session->run_inbox(); });
  return scheduled_;
}

}  // namespace phx::client::detail
