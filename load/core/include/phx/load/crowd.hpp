#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <phx/load/gate.hpp>
#include <phx/load/ledger.hpp>
#include <phx/load/plan.hpp>
#include <phx/load/statistics.hpp>
#include <phx/load/wire.hpp>

namespace phx::load {

/// What a shard has to do.
struct SwarmJob {
  Plan plan;
  std::string url;                    ///< ws://host:port/socket
  std::uint32_t run = 0;              ///< whose messages count
  std::uint32_t part = 0, parts = 1;  ///< this swarm has the users n with n % parts == part
  Instant start{};
  std::size_t opening_at_once = 200;  ///< connections in their handshake
  std::int64_t unix_ms = 0;           ///< wall clock at `start`; scenarios may ask
};

/// All users of one shard, without I/O, as their shell sees them: bytes and time in; bytes out through Wire; figures kept. One thread.
class Crowd {
 public:
  virtual ~Crowd() = default;

  virtual void on_tcp(std::uint32_t slot, unsigned lane, Instant now) = 0;
  virtual void on_secure(std::uint32_t slot, unsigned lane, Instant now) = 0;
  /// `bytes` are unmasked in place.
  virtual void on_bytes(std::uint32_t slot, unsigned lane, std::span<char> bytes, Instant now) = 0;
  /// detail: for first_refusal().
  virtual void on_lost(std::uint32_t slot, unsigned lane, ErrorClass why, Instant now, std::string_view detail = {}) = 0;
  virtual void on_deadline(Instant now) = 0;
  virtual std::optional<Instant> next_deadline() const = 0;

  /// Nothing new is begun; what is under way goes on. The plan's end does it by itself.
  virtual void stop(Instant now) = 0;
  virtual bool stopped() const noexcept = 0;
  /// Stopped, and nothing is under way any more.
  virtual bool drained(Instant now) const = 0;
  /// Closes the books, then the connections.
  virtual void finish(Instant now) = 0;

  virtual UserCounts users() const = 0;
  virtual const std::vector<Stats>& stages() const noexcept = 0;
  virtual Ledger& ledger() noexcept = 0;
  /// The increments since the last call; the caller says which second it was.
  virtual Second take_second() = 0;
  /// Of the first refused connection or join, or failed scenario; one line for the operator.
  virtual const std::string& first_refusal() const noexcept = 0;
};

}  // namespace phx::load
