#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <phx/core/ws/frame.hpp>
#include <phx/scenario/fault_engine.hpp>

namespace phx::scenario {

/// Bytes for the peer that `direction` leads to.
struct RelayWrite {
  Direction direction = Direction::to_server;
  std::string bytes;
  Instant at;
  bool operator==(const RelayWrite&) const = default;
};
/// Both connections end now, without further bytes.
struct RelayCut {
  bool operator==(const RelayCut&) const = default;
};
using RelayAction = std::variant<RelayWrite, RelayCut>;
using RelayActions = std::vector<RelayAction>;

/// Sees what comes to a relay, before the rules act. Must not call back.
class RelayTap {
 public:
  virtual void on_message(Direction direction, core::Opcode op, std::string_view bytes, Instant now) = 0;
  virtual void on_close(Direction direction, std::uint16_t code, std::string_view reason, Instant now) = 0;

 protected:
  ~RelayTap() = default;
};

/// A FaultLink between the two byte streams of a WebSocket connection: takes frames apart, lets the rules act on whole messages,
/// frames what is left anew. Control frames pass in order, but not through a silent or closed link. Knows no compression.
///
///   head (passed on as it is; a rule may refuse it) --> frames      each direction by itself
///
/// Reads no clock, never blocks, calls no user code. One owner at a time.
class FaultRelay {
 public:
  struct Options {
    bool handshake = true;             ///< the streams begin with HTTP heads
    std::size_t max_head = 64u << 10;  ///< a longer head cuts
    core::ws::Limits limits = core::ws::Limits::unlimited();
    std::uint64_t mask_seed = 1;  ///< masks of the frames to the server
    RelayTap* tap = nullptr;      ///< borrowed for life
  };

  /// engine and serializer are borrowed for life.
  FaultRelay(FaultEngine& engine, const core::Serializer& serializer, Options options);
  FaultRelay(const FaultRelay&) = delete;
  FaultRelay& operator=(const FaultRelay&) = delete;

  /// Bytes that travel in `direction`. Unmasked in place.
  void on_bytes(Direction direction, std::span<char> bytes, Instant now, RelayActions& out);

  std::optional<Instant> next_deadline() const noexcept { return cut_ ? std::nullopt : link_.next_deadline(); }
  void on_deadline(Instant now, RelayActions& out);

  /// The operator's hand: close frames to both sides (1006: a cut), or nothing passes any more.
  void end(const CloseLink& how, Instant now, RelayActions& out);
  void fall_silent() { link_.fall_silent(); }
  FaultLink::State state() const noexcept { return link_.state(); }

 private:
  enum class Stage : std::uint8_t { head, frames, refused };  // refused: an HTTP answer without frames, passed on as it is
  struct Lane {
    core::ws::Decoder decoder;
    Stage stage;
    std::string head;
    Instant last = {};
  };

  Lane& lane(Direction d) noexcept { return lanes_[static_cast<std::size_t>(d)]; }
  void on_head(Direction direction, std::span<char> bytes, Instant now, RelayActions& out);
  void on_frames(Direction direction, std::span<char> bytes, Instant now, RelayActions& out);
  void perform(LinkActions& actions, Instant now, RelayActions& out);
  void close(const CloseLink& how, Instant now, RelayActions& out);
  void refuse(const RefuseUpgrade& how, Instant now, RelayActions& out);
  void cut(RelayActions& out);
  void write_frame(Direction direction, core::ws::FrameOp op, std::string_view payload, Instant at, RelayActions& out);

  FaultEngine* engine_;
  Options options_;
  FaultLink link_;
  Rng masks_;
  std::array<Lane, 2> lanes_;
  LinkActions actions_;
  bool cut_ = false;
};

}  // namespace phx::scenario
