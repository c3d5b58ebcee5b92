#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/error.hpp>
#include <phx/core/tls.hpp>
#include <phx/scenario/capture.hpp>
#include <phx/scenario/fault_script.hpp>

namespace phx::relay {

using scenario::Direction;

/// Hears of everything that passes, on the relay's thread, before any fault acts. c: the connection, from 1; requests of one long-poll session
/// share theirs. Must not throw nor call back.
class RelayEvents {
 public:
  virtual ~RelayEvents() = default;
  virtual void on_open(std::uint64_t /*c*/, std::string_view /*target*/, bool /*websocket*/, Instant) {}
  virtual void on_message(std::uint64_t /*c*/, Direction, core::Opcode, std::string_view /*bytes*/, std::string_view /*vsn*/, Instant) {}
  /// by: the way its close frame went; absent: the relay closed, or the connection was lost (1006).
  virtual void on_close(std::uint64_t /*c*/, std::optional<Direction> /*by*/, int /*code*/, std::string_view /*reason*/, Instant) {}
  /// A whole request (no status) or answer that is no upgrade; also a refused upgrade's answer.
  virtual void on_http(std::uint64_t /*c*/, Direction, std::string_view /*method*/, std::string_view /*target*/,
                       std::optional<int> /*status*/, std::string_view /*body*/, Instant) {}
  virtual void on_error(std::uint64_t /*c*/, std::string_view /*what*/, Instant) {}
  virtual void on_fault(std::uint64_t /*c*/, std::string_view /*what*/, Instant) {}
};

struct RelayOptions {
  std::string host = "127.0.0.1";  ///< to listen on
  std::uint16_t port = 0;          ///< 0: a free one
  std::string to;                  ///< ws, wss, http or https URL; its path does not count, that of the request does
  core::TlsClientOptions tls = {};
  scenario::FaultSteps faults = {};
  std::uint64_t seed = 1;
  std::size_t max_connections = 10'000;
};

/// One WebSocket connection or long-poll session as an operator sees it.
struct RelayClient {
  std::uint64_t c = 0;
  std::string transport;  ///< "websocket", "longpoll"
  std::string target;     ///< of the request that opened it
  bool silent = false;
  std::uint64_t received = 0, sent = 0;  ///< messages of the client, and to it
};

/// Listens, and relays each connection to the target. One thread of its own. All functions from any thread.
class Relay {
 public:
  /// events: borrowed for life. Throws std::invalid_argument for a URL or TLS files that cannot be used.
  Relay(RelayOptions options, RelayEvents& events);
  ~Relay();  ///< stop()s
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Errors: of resolve and bind. Once in a life.
  Result<void> start();
  std::uint16_t port() const noexcept;
  void stop();

  void add_faults(scenario::FaultSteps steps);
  void clear_faults();
  /// WebSocket connections and long-poll sessions; none: all. 1006: cut. The poll of a session that is closed is answered 410.
  void close(std::optional<std::uint64_t> c, std::uint16_t code, std::string reason);
  void fall_silent(std::optional<std::uint64_t> c);
  /// In the order they came. A long-poll session is one until the server has said that it is gone, it was closed here, or nothing was heard
  /// of its client for 30 s. `told` runs on the relay's thread.
  void clients(std::function<void(std::vector<RelayClient>)> told);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// RelayEvents as a capture.
class RelayRecording final : public RelayEvents {
 public:
  /// base: what targets are put behind in URLs, "ws://host:port". recorder: borrowed for life.
  RelayRecording(scenario::CaptureRecorder& recorder, std::string base) : recorder_(recorder), base_(std::move(base)) {}
  void on_open(std::uint64_t c, std::string_view target, bool websocket, Instant now) override;
  void on_message(std::uint64_t c, Direction direction, core::Opcode op, std::string_view bytes, std::string_view vsn,
                  Instant now) override;
  void on_close(std::uint64_t c, std::optional<Direction> by, int code, std::string_view reason, Instant now) override;
  void on_http(std::uint64_t c, Direction direction, std::string_view method, std::string_view target, std::optional<int> status,
               std::string_view body, Instant now) override;
  void on_error(std::uint64_t c, std::string_view what, Instant now) override;
  void on_fault(std::uint64_t c, std::string_view what, Instant now) override;

 private:
  scenario::CaptureRecorder& recorder_;
  std::string base_;
};

}  // namespace phx::relay
