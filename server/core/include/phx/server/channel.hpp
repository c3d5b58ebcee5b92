#pragma once

#include <any>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <phx/core/json_fwd.hpp>
#include <phx/core/time.hpp>
#include <phx/server/call_result.hpp>
#include <phx/server/observer.hpp>
#include <phx/server/payload.hpp>

namespace phx::server {

class Socket;

/// Why a channel ends. `normal`, `shutdown` and `shutdown(detail)` are graceful (phx_close), everything else is a crash (phx_error).
struct StopReason {
  enum class Kind : std::uint8_t { normal, shutdown, other };
  Kind kind = Kind::normal;
  std::string detail;
  bool graceful() const noexcept { return kind != Kind::other; }
  bool operator==(const StopReason&) const = default;

  static StopReason normal() { return {}; }
  static StopReason shutdown(std::string detail = {}) { return {Kind::shutdown, std::move(detail)}; }
  static StopReason other(std::string detail) { return {Kind::other, std::move(detail)}; }
};

struct JoinOk {
  Payload response;
};
struct JoinError {
  Payload response;
};

/// No answer now. With a timeout, handle_info gets `Timeout` when nothing else arrives for that long.
struct NoReply {
  std::optional<Duration> timeout = {};
};
struct Timeout {};

struct Reply {
  std::string status;
  Payload response;
  static Reply ok(Payload response = {}) { return {"ok", std::move(response)}; }
  static Reply error(Payload response = {}) { return {"error", std::move(response)}; }
};
struct Stop {
  StopReason reason;
};
struct StopReply {
  StopReason reason;
  Reply reply;
};

/// Both are values and coroutine types: `return Reply::ok();` and `co_return Reply::ok();` have the same signature.
/// A default-made one is no legal result and crashes the channel.
using JoinResult = detail::CallResult<std::variant<std::monostate, JoinOk, JoinError>>;
using HandleResult = detail::CallResult<std::variant<std::monostate, NoReply, Reply, Stop, StopReply>>;

/// A message to a channel that is no client event: any value, or a name.
///   socket.send_self("after_join");   ...   if (info.is("after_join")) ...
///   socket.send_self(Tick{7});        ...   if (auto* tick = info.get_if<Tick>()) ...
/// Broadcasts of other topics the channel subscribed to arrive as phx::server::Broadcast.
class Info {
 public:
  Info(const char* name) : value_(std::string(name)) {}  // NOLINT
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, Info> && std::copy_constructible<std::decay_t<T>> &&
             !std::convertible_to<T, const char*>)
  Info(T&& value) : value_(std::forward<T>(value)) {}  // NOLINT

  template <class T>
  const T* get_if() const noexcept {
    return std::any_cast<T>(&value_);
  }
  bool is(std::string_view name) const noexcept {
    const auto* text = get_if<std::string>();
    return text && *text == name;
  }

 private:
  std::any value_;
};

/// A topic as its members see it: one object per join. Callbacks of one channel never overlap, also not while one is
/// suspended; arguments stay valid until the callback (or its coroutine) ends. An exception ends this channel only.
class Channel {
 public:
  virtual ~Channel() = default;

  /// params: any JSON value; the bytes of a binary join are a Json of the binary type. Pushing is legal only after it has returned:
  /// use `socket.send_self("after_join")`.
  virtual JoinResult join(std::string_view topic, const Json& params, Socket& socket) = 0;
  /// The default throws: an event without a clause crashes the channel, as in Phoenix.
  virtual HandleResult handle_in(std::string_view event, const Payload& payload, Socket& socket);
  /// Broadcasts of the own topic whose event is in intercepts(). NoReply or Stop.
  virtual HandleResult handle_out(std::string_view event, const Payload& payload, Socket& socket);
  /// NoReply or Stop. The default tells the observer of an unexpected message.
  virtual HandleResult handle_info(const Info& message, Socket& socket);
  virtual void terminate(const StopReason& /*reason*/, Socket& /*socket*/) {}
  /// Exact names of the events that handle_out wants instead of the client; static storage.
  virtual std::span<const std::string_view> intercepts() const noexcept { return {}; }
  /// How important the log lines of joins and of messages are (server.md 6.4).
  virtual LogLevel log_join() const noexcept { return Level::info; }
  virtual LogLevel log_handle_in() const noexcept { return Level::debug; }
  virtual bool is_custom() const noexcept { return false; }
};

/// A channel that does itself what Channel has done for it: Phoenix's custom channel process (server.md 5.10).
///  - handle_in gets every message of the topic, `phx_leave` too; what it does not answer stays without an answer.
///  - Of broadcasts it hears by socket.subscribe(), of its own topic as of any other: they come to handle_info.
///  - It ends by socket.announce_close(). An end that was not announced is phx_error to the client, whatever the reason.
/// Phoenix's message phx_drain is terminate with shutdown("draining") here.
class CustomChannel : public Channel {
 public:
  bool is_custom() const noexcept final { return true; }
};

}  // namespace phx::server
