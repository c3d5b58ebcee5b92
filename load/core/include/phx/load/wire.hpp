#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <phx/load/statistics.hpp>

namespace phx::load {

/// The connections of a swarm, as its shell offers them. A user slot has lane 0, and with long-polling lane 1 for its POSTs.
/// What happens is told to Swarm::on_tcp, on_secure, on_bytes, on_lost.
class Wire {
 public:
  virtual ~Wire() = default;
  /// An error: nothing was begun.
  virtual std::optional<ErrorClass> open(std::uint32_t slot, unsigned lane, std::uint32_t user) = 0;
  /// All of it will be sent, in order, unless the connection ends. Called once per slot and turn.
  virtual void write(std::uint32_t slot, unsigned lane, std::string_view bytes) = 0;
  /// Nothing is told of this connection afterwards. abrupt: what waits is thrown away.
  virtual void close(std::uint32_t slot, unsigned lane, bool abrupt) = 0;
  /// Stops or resumes reading (hostile: slow readers).
  virtual void read(std::uint32_t slot, bool on) = 0;
};

}  // namespace phx::load
