#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <phx/client/channel.hpp>
#include <phx/client/presence.hpp>

#include "session.hpp"
#include "shell_events.hpp"
#include "shell_language.hpp"
#include "shell_view.hpp"

namespace phx::cli::shell {

/// The topics of one shell and what is said on them. Loop thread only.
class Conversation {
 public:
  /// How a command ended: pass, or its exit code and one line that says why.
  using Done = std::function<void(ExitCode, const std::string&)>;

  Conversation(const ConnectOptions& options, Session& session, View view);

  /// Starts a command; `done` is called once, at once or from the loop. `wait`, `sleep` and a presence not known yet run the loop
  /// themselves until they are over, Ctrl-C included.
  void execute(const Instruction& command, Done done);

  Vocabulary vocabulary() const;
  const std::string& last_topic() const noexcept { return last_; }

 private:
  struct Room {
    client::Channel channel;
    client::Presence presence;
    client::Subscription synced;
    bool knows_presence = false;
  };

  void run(const Help& command, const Done& done);
  void run(const Join& command, const Done& done);
  void run(const Leave& command, const Done& done);
  void run(const Push& command, const Done& done);
  void run(const Topics& command, const Done& done);
  void run(const ShowPresence& command, const Done& done);
  void run(const ShowEvents& command, const Done& done);
  void run(const WaitFor& command, const Done& done);
  void run(const Sleep& command, const Done& done);
  void run(const Ping& command, const Done& done);
  void run(const Quit& command, const Done& done);

  void on_message(const client::Message& message);
  /// Also of the last one; the room itself stays with whoever holds it.
  void forget(const std::string& topic);
  void answered(const std::string& topic, const std::string& event, std::error_code error, const client::Reply& reply, const Done& done);
  /// The room of a topic, or of the last one; null, and `done` told why, when it is not joined.
  Room* room(std::string topic, const Done& done);
  Duration patience() const { return options_.timeout_or(default_timeout); }

  const ConnectOptions& options_;
  Session& session_;
  View view_;
  std::map<std::string, std::shared_ptr<Room>> rooms_;  // a callback of a room that was left may still hold it
  std::string last_;
  std::set<std::string> topics_, events_;  ///< met so far
  EventFilter filter_;
  Arrivals arrivals_;
  std::function<bool()> awaited_;  ///< by a command that runs the loop
  client::Subscription messages_;
};

/// The help of all commands, or of one.
std::string help_text(std::string_view command);

}  // namespace phx::cli::shell
