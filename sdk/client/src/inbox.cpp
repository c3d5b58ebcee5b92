#include "inbox.hpp"

#include <utility>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "session.hpp"

namespace phx::client::detail {

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
    session->run_inbox();
    session->shut_down();
  });
}

void Inbox::take(std::vector<Command>& commands) {
  const std::scoped_lock lock(mutex_);
  commands.swap(commands_);
  scheduled_ = false;
}

}  // namespace phx::client::detail
