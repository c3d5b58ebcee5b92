#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <phx/core/time.hpp>
#include <phx/scenario/fault_relay.hpp>
#include <phx/scenario/rng.hpp>
#include <phx/testing/virtual_clock.hpp>

namespace phx::testing {

using scenario::Direction;

/// How the bytes of one write arrive.
enum class Chunking : std::uint8_t {
  whole,     ///< as written
  one_byte,  ///< each byte alone
  random,    ///< cut at random places
};

struct WireOptions {
  Duration delay{};   ///< each way
  Duration jitter{};  ///< a random addition below this; order is kept, as on TCP
  Chunking chunking = Chunking::whole;
  std::uint64_t seed = 1;
};

/// A TCP connection in memory, between two machines on one virtual clock. Reliable and in order, like TCP; what goes wrong is asked
/// for: delay, chunks, a cut, and the fault engine on whole messages.
/// Nothing arrives inside write(): bytes are delivered when the clock runs, even without delay. One thread.
class Wire {
 public:
  struct Receiver {
    std::function<void(std::span<char>)> on_bytes;  ///< writable: decoders unmask in place
    std::function<void()> on_end;                   ///< the peer closed, or the connection was cut; the last call
  };

  /// One end. Lives in its wire.
  class End {
   public:
    void attach(Receiver receiver) { receiver_ = std::move(receiver); }
    /// Nothing happens on an ended connection.
    void write(std::string_view bytes);
    /// Ends the connection after what was written; the other end hears of it in order. This end gets no further calls.
    void close();
    bool open() const noexcept { return open_; }

   private:
    friend class Wire;
    Wire* wire_ = nullptr;
    Direction outgoing_ = Direction::to_server;
    Receiver receiver_;
    bool open_ = true;
  };

  /// clock, and if given faults and serializer, are borrowed for life. `relay.handshake` says whether HTTP heads travel first.
  Wire(VirtualClock& clock, const WireOptions& options);
  Wire(VirtualClock& clock, const WireOptions& options, scenario::FaultEngine& faults, const core::Serializer& serializer,
       scenario::FaultRelay::Options relay);
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  End& client() noexcept { return ends_[0]; }
  End& server() noexcept { return ends_[1]; }

  /// Both ends learn when the clock runs; what was on its way is lost.
  void cut();
  /// Until released nothing arrives and nobody is told: a half-open connection.
  void hold() noexcept { held_ = true; }
  void release() noexcept { held_ = false; }

  std::uint64_t bytes_written(Direction d) const noexcept { return written_[static_cast<std::size_t>(d)]; }

  std::optional<Instant> next_deadline() const;
  void on_deadline(Instant now);

 private:
  struct Parcel {
    Instant at;
    std::string bytes;
    bool is_end = false;
    std::size_t taken = 0;  // delivered already
  };
  using Lane = std::deque<Parcel>;  // in the order of `at`

  Lane& lane(Direction d) noexcept { return lanes_[static_cast<std::size_t>(d)]; }
  End& receiver_of(Direction d) noexcept { return d == Direction::to_server ? server() : client(); }
  void write(Direction d, std::string_view bytes);
  void perform(scenario::RelayActions& actions);
  void enqueue(Direction d, Instant at, std::string bytes);
  void enqueue_end(Direction d);
  void deliver_due(Direction d, Instant now);
  std::size_t chunk_size(std::size_t available);
  void end(End& end);

  VirtualClock* clock_;
  WireOptions options_;
  scenario::Rng rng_;
  std::unique_ptr<scenario::FaultRelay> relay_;
  scenario::RelayActions actions_;
  std::array<End, 2> ends_;
  std::array<Lane, 2> lanes_;
  std::array<std::uint64_t, 2> written_{};
  bool held_ = false;
  VirtualClock::Attachment attachment_;
};

}  // namespace phx::testing
