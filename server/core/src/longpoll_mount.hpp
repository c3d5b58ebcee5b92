#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <phx/core/json_fwd.hpp>
#include <phx/core/token.hpp>
#include <phx/server/conn.hpp>
#include <phx/server/longpoll.hpp>
#include <phx/server/socket_mount.hpp>

#include "longpoll_sessions.hpp"
#include "socket_request.hpp"

namespace phx::server::detail {

/// What the long-poll mounts of an endpoint share: how their sessions are named and found.
class LongPollService {
 public:
  explicit LongPollService(const SocketDefaults& defaults);

  std::string sign(const LongPollAddress& address, const LongPollOptions& options) const;
  /// nullopt: no token of ours, or too old.
  std::optional<LongPollAddress> verify(std::string_view token, const LongPollOptions& options) const;

  const std::shared_ptr<LongPollDirectory>& directory() const noexcept { return directory_; }
  Observer& observer() const noexcept { return *observer_; }
  const std::string& url_host() const noexcept { return url_host_; }

 private:
  std::shared_ptr<const core::KeyGenerator> keys_;
  std::string salt_, url_host_;
  std::shared_ptr<LongPollDirectory> directory_;
  Observer* observer_;
};

/// The long-poll transport of one mount (server.md 3). Immutable, shared by all workers and by the requests that wait.
struct LongPollMount : std::enable_shared_from_this<LongPollMount> {
  std::shared_ptr<const LongPollService> service;
  std::shared_ptr<const TransportHandler> handler;
  LongPollOptions options;
  Segments pattern;
  CheckOrigin check_origin;
  bool auth_token;

  LongPollMount(std::shared_ptr<const LongPollService> shared, const SocketMount& mount, Segments path, CheckOrigin origin);

  /// The plug.
  Conn call(Conn conn) const;
  /// A GET without a session that lives: connects, and answers 410 with the token of the new session, or 403. Lets what
  /// connect throws pass.
  Conn open_session(Conn conn, const Json& params) const;
};

/// `{"status":N}`.
Conn answer_status(Conn conn, int status);
/// The answer to a GET; messages: JSON strings with commas between.
Conn answer_messages(Conn conn, int status, std::string_view token, std::string_view messages);

}  // namespace phx::server::detail
