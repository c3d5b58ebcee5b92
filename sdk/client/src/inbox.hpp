#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include <phx/client/detail/move_function.hpp>

namespace phx::client::detail {

class Session;

/// The door to a session from other threads: commands run on its strand in the order in which they came, a few hundred in a turn: between
/// turns the strand hears its transports, and what a command has put off is done before the next ones.
/// Refuses nothing: who pushes or pings looks at SocketShared::pending first.
/// Owns the session until close(): nothing reaches the strand after that, so what outlives the socket is harmless.
class Inbox {
 public:
  using Command = MoveFunction<void(Session&)>;

  void open(std::shared_ptr<Session> session);
  /// False when closed; the command is then destroyed.
  bool post(Command command);
  /// Runs what is waiting, ends the session. Never waits for it.
  void close();
  /// On the strand: the commands of this turn. True: there are more, and a turn for them is posted.
  bool take(std::vector<Command>& commands);

 private:
  std::mutex mutex_;                  // guards all below
  std::shared_ptr<Session> session_;  // with its operations in flight
  std::deque<Command> commands_;
  bool scheduled_ = false;
};

}  // namespace phx::client::detail
