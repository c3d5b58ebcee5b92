#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <phx/core/client/socket_core.hpp>
#include <phx/core/json_fwd.hpp>
#include <phx/testing/memory_network.hpp>
#include <phx/testing/virtual_clock.hpp>

namespace phx::testing {

struct MemoryClientOptions {
  std::string endpoint = "ws://localhost/socket";
  std::string params = "{}";  ///< JSON object
  core::SocketConfig config = {};
  std::uint64_t seed = 1;  ///< of back-off and frame masks
};

/// A client of the SDK's machines on wires in memory: the same socket, channel, handshake and WebSocket machines, without I/O.
/// One thread.
class MemoryClient {
 public:
  using News = std::function<void(const core::Effect&)>;

  /// news: every effect that is not for the transport, as it happens; it may use core() and perform(). clock and network are
  /// borrowed for life.
  MemoryClient(VirtualClock& clock, MemoryNetwork& network, MemoryClientOptions options, News news);
  ~MemoryClient();
  MemoryClient(const MemoryClient&) = delete;
  MemoryClient& operator=(const MemoryClient&) = delete;

  core::SocketCore& core() noexcept { return core_; }
  /// Gives an input to the machine and performs what it asks for: client.perform([&](auto& core, auto now, auto& out) { ... });
  template <class Input>
  auto perform(Input&& input) {
    core::Effects effects;
    if constexpr (std::is_void_v<std::invoke_result_t<Input, core::SocketCore&, Instant, core::Effects&>>) {
      std::forward<Input>(input)(core_, now(), effects);
      carry_out(effects);
    } else {
      auto result = std::forward<Input>(input)(core_, now(), effects);
      carry_out(effects);
      return result;
    }
  }

  void connect() {
    perform([](auto& core, Instant t, auto& out) { core.connect(t, out); });
  }

  std::optional<Instant> next_deadline() const { return core_.next_deadline(); }
  void on_deadline(Instant now);

 private:
  class Transport;

  Instant now() const noexcept { return clock_->now(); }
  void carry_out(core::Effects& effects);
  bool carry_out_transport(const core::Effect& effect);
  void open(core::Generation generation);

  VirtualClock* clock_;
  MemoryNetwork* network_;
  MemoryClientOptions options_;
  News news_;
  core::SeededJitter jitter_;
  core::SocketEnv env_;
  core::SocketCore core_;
  std::list<std::unique_ptr<Transport>> transports_;
  VirtualClock::Attachment attachment_;
};

}  // namespace phx::testing
