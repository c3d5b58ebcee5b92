#pragma once

#include <optional>
#include <string>

#include <phx/cli/output.hpp>
#include <phx/client/socket.hpp>

#include "connect_options.hpp"
#include "main_loop.hpp"

namespace phx::cli {

/// A socket for the length of one command, its callbacks on the command's own thread. The first failed attempt ends the command
/// (cannot_connect, or timed_out for a stalled handshake); a connection lost later is told on stderr and comes back by itself,
/// unless `lost_is_final`.
class Session {
 public:
  /// tap: sees every frame on the I/O thread; outlives the session.
  Session(const ConnectOptions& options, bool lost_is_final, core::ws::FrameTap* tap = nullptr);
  ~Session();

  client::Socket& socket() noexcept { return *socket_; }
  /// A channel with the payload of --join-payload. Throws Failure(usage) for what no server can be asked.
  client::Channel channel(const std::string& topic);
  client::Channel channel(const std::string& topic, const client::Payload& join_payload);
  MainLoop& loop() noexcept { return loop_; }
  Output& out() noexcept { return out_; }

  /// Connects and runs the loop until finish().
  ExitCode run(std::optional<Duration> limit);
  void finish(ExitCode code) noexcept { loop_.finish(code); }
  /// Closes the connection in good order, so that everything sent before has arrived.
  void disconnect();

  /// Why the first attempt failed, when it did.
  const std::optional<client::ConnectionError>& failure() const noexcept { return failure_; }

  double seconds() const;  ///< since the session began

 private:
  void on_error(const client::ConnectionError& error);
  [[noreturn]] void cannot_connect() const;

  const ConnectOptions& options_;
  bool lost_is_final_;
  Instant started_;
  MainLoop loop_;
  Output out_;
  std::optional<client::Socket> socket_;
  client::Subscription opened_, failed_, closed_, reconnecting_;
  bool was_open_ = false, open_ = false;            ///< ever; now
  std::optional<client::ConnectionError> failure_;  ///< the first attempt's
};

}  // namespace phx::cli
