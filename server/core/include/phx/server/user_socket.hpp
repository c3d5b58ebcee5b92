#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <phx/server/assigns.hpp>
#include <phx/server/channel.hpp>
#include <phx/server/observer.hpp>
#include <phx/server/transport.hpp>

namespace phx::server {

class PubSub;

/// A socket that is being connected: only assigns.
class ConnectSocket {
 public:
  /// transport: borrowed, "websocket" or "longpoll".
  explicit ConnectSocket(std::string_view transport = "websocket") noexcept : transport_(transport) {}
  std::string_view transport() const noexcept { return transport_; }
  const Json& assigns() const noexcept { return assigns_.all(); }
  const Json* assign_or_null(std::string_view key) const noexcept { return assigns_.find(key); }
  ConnectSocket& assign(std::string_view key, Json value);
  Assigns release() && noexcept { return std::move(assigns_); }

 private:
  std::string_view transport_;
  Assigns assigns_;
};

struct ConnectOk {};
/// A plain `error`, or one with a reason for the mount's error handler.
struct ConnectError {
  std::optional<Payload> reason = {};
};
using ConnectResult = std::variant<ConnectOk, ConnectError>;

using ChannelFactory = std::function<std::unique_ptr<Channel>()>;

/// One line of the topic table.
struct ChannelPattern {
  std::string pattern;  ///< exact, or a prefix with a final `*`
  ChannelFactory make;
  Assigns assigns;  ///< merged over the socket's own
  bool matches(std::string_view topic) const noexcept;
};

/// The socket module of an application: who may connect, who he is, which channels there are. Derive, and name the channels in the constructor:
///
///   class UserSocket final : public phx::server::UserSocket {
///    public:
///     UserSocket() { channel<RoomChannel>("room:*"); }
///     ConnectResult connect(const Json& params, ConnectSocket& socket, const ConnectInfo&) const override { ... }
///   };
///
/// Shared by all workers: immutable once serving; callbacks must be thread-safe.
class UserSocket {
 public:
  virtual ~UserSocket() = default;
  /// params: strings of the query and path variables, `vsn` included. An exception is answered with 500.
  virtual ConnectResult connect(const Json& params, ConnectSocket& socket, const ConnectInfo& info) const;
  /// Nothing: anonymous. Else the topic on which a broadcast of "disconnect" ends the connection (server.md 5.7).
  virtual std::optional<std::string> id(const ConnectSocket& socket) const;
  virtual std::string_view name() const noexcept { return "UserSocket"; }

  /// The first that matches; null: a join is answered with "unmatched topic". Asked at every join; an override may refuse topics by what is
  /// known at that moment.
  virtual const ChannelPattern* find(std::string_view topic) const noexcept;

 protected:
  /// Throws std::invalid_argument for a `*` that is not the last character.
  void channel(std::string pattern, ChannelFactory make, const Json* assigns = nullptr);
  template <class C, class... Args>
  void channel(std::string pattern, Args... args) {
    channel(std::move(pattern), ChannelFactory([args...] { return std::make_unique<C>(args...); }));
  }

 private:
  std::vector<ChannelPattern> patterns_;
};

/// A socket mount that speaks channels.
class ChannelSocketHandler final : public TransportHandler {
 public:
  struct Options {
    std::size_t max_channels_per_transport = 100;
    std::size_t max_topic_bytes = 4'096;  ///< of a topic, and of a join_ref: longer joins are refused with "topic too long"
    /// While more of the client's messages wait for one of its channels, nothing is read from the client.
    std::size_t max_waiting_messages = 1'000;
    std::size_t max_waiting_bytes = 1u << 20;
    std::size_t max_mailbox = 100'000;   ///< of all kinds; a channel that lets more wait is killed: phx_error
    std::shared_ptr<Observer> observer;  ///< none: silence
    LogLevel log = Level::info;          ///< of socket_connected (server.md 13)
  };
  /// pubsub outlives the handler and its sessions.
  ChannelSocketHandler(std::shared_ptr<const UserSocket> socket, PubSub& pubsub);
  ChannelSocketHandler(std::shared_ptr<const UserSocket> socket, PubSub& pubsub, Options options);

  bool speaks_channels() const noexcept override { return true; }
  std::string_view name() const noexcept override { return socket_->name(); }
  tl::expected<std::unique_ptr<TransportSession>, ConnectRefused> connect(const ConnectRequest& request, Shard& shard) const override;

  const UserSocket& socket() const noexcept { return *socket_; }
  PubSub& pubsub() const noexcept { return pubsub_; }
  Observer& observer() const noexcept { return *options_.observer; }
  const Options& options() const noexcept { return options_; }

 private:
  std::shared_ptr<const UserSocket> socket_;
  PubSub& pubsub_;
  Options options_;
};

}  // namespace phx::server
