#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/core/time.hpp>
#include <phx/load/clock_offset.hpp>

namespace phx::load {

struct FleetOptions {
  std::string id;    ///< unlike any other's; the least of the fleet coordinates
  std::string host;  ///< for people
  std::string plan;  ///< equal for all members, or they are no fleet
  std::uint32_t members = 1;
  std::uint32_t run = 0;  ///< the coordinator's counts for all: whose messages count
  Duration hello_every = std::chrono::milliseconds(200);
  Duration window = std::chrono::milliseconds(600);  ///< nobody new for so long before the fleet is complete
  Duration wait = std::chrono::seconds(60);          ///< for all members to come
  Duration start_in = std::chrono::seconds(1);       ///< from "all are ready" to the start
  Duration beat = std::chrono::seconds(1);
  Duration silence = std::chrono::seconds(5);    ///< who says nothing for so long is dead
  Duration patience = std::chrono::seconds(30);  ///< the same while books are closed: a big result keeps a member busy
  std::size_t samples = 8;                       ///< of the clock, before the start
};

/// What the owner must do.
struct FleetSend {
  std::string to;  ///< a member's id; empty: everybody
  std::string message;
  bool operator==(const FleetSend&) const = default;
};
/// The run begins at `start` of the fleet's clock, which shows offset.ns more than ours.
struct FleetBegin {
  std::uint32_t segment = 1, run = 0;
  bool coordinator = false;
  std::int64_t start_ns = 0;
  ClockOffset offset;
  bool operator==(const FleetBegin&) const = default;
};
struct FleetStop {  ///< member: no more arrivals and actions
  bool operator==(const FleetStop&) const = default;
};
struct FleetFinish {  ///< member: close the books
  bool operator==(const FleetFinish&) const = default;
};
struct FleetReport {  ///< coordinator: what a member has to tell
  std::uint32_t segment = 0;
  std::string text;
  bool operator==(const FleetReport&) const = default;
};
struct FleetLost {  ///< coordinator: this member is dead
  std::uint32_t segment = 0;
  bool operator==(const FleetLost&) const = default;
};
struct FleetInterrupt {  ///< coordinator: somebody pressed Ctrl-C
  bool operator==(const FleetInterrupt&) const = default;
};
struct FleetOver {  ///< member: the coordinator's verdict
  int code = 0;
  std::string result;
  bool operator==(const FleetOver&) const = default;
};
enum class FleetFailure : std::uint8_t { timed_out, other_plan, refused, coordinator_lost, member_lost };
struct FleetFailed {
  FleetFailure why;
  std::string text;
  bool operator==(const FleetFailed&) const = default;
};
using FleetEffect =
    std::variant<FleetSend, FleetBegin, FleetStop, FleetFinish, FleetReport, FleetLost, FleetInterrupt, FleetOver, FleetFailed>;
using FleetEffects = std::vector<FleetEffect>;

enum class FleetState : std::uint8_t { gathering, measuring, running, over };
enum class FleetPhase : std::uint8_t { waiting, running, stopping, finishing };  ///< of the run, as the coordinator has it

/// A text that travels in pieces.
class FleetPieces {
 public:
  /// The whole text, once its last piece is here.
  std::optional<std::string> add(std::uint64_t number, std::uint64_t piece, std::uint64_t of, std::string_view bytes);
  std::uint64_t missed() const noexcept { return missed_; }  ///< texts of which something was lost

 private:
  std::uint64_t next_ = 0, piece_ = 0, missed_ = 0;
  std::string text_;
};

/// One member of a fleet of load generators, who meet on a message bus that may lose messages but keeps a sender's order.
///
///   gathering --least id, all there--> measuring (coordinates: waits until all know its clock) --> running --> over
///        |-----------roster----------> measuring (asks the coordinator's clock)                --start--> running --verdict--> over
///
/// Everybody says hello until the roster comes. The least id, once it has seen all and nobody new for a while, claims the fleet: the members in the order of
/// their ids have segments 1, 2, ... Members ask for the time in every beat; the answer carries the run's phase and start, so what was lost heals.
/// Messages are one line of JSON; reports and the verdict have their bytes behind it, in pieces.
/// Reads no clock; one owner. Instants are those of our own clock.
class FleetCore {
 public:
  static constexpr std::size_t piece_bytes = 256u << 10;

  FleetCore(FleetOptions options, Instant now);

  void on_message(std::string_view message, Instant received, Instant now, FleetEffects& out);
  std::optional<Instant> next_deadline() const;
  void on_deadline(Instant now, FleetEffects& out);

  /// Member: to the coordinator, in order.
  void report(std::string_view text, FleetEffects& out);
  /// Ctrl-C here: asks the coordinator to stop; a fleet that has not begun ends.
  void interrupt(FleetEffects& out);
  /// Coordinator.
  void stop(FleetEffects& out) { to_phase(FleetPhase::stopping, out); }
  void finish(FleetEffects& out) { to_phase(FleetPhase::finishing, out); }
  void end(int code, std::string_view result, FleetEffects& out);
  void fail(const std::string& why, FleetEffects& out);

  FleetState state() const noexcept { return state_; }
  bool coordinator() const noexcept { return coordinator_ == options_.id; }
  std::size_t gathered() const noexcept { return seen_.size(); }
  std::uint64_t strange() const noexcept { return strange_; }  ///< messages that nobody understands

  struct Member {
    std::string id, host;
    ClockOffset at_start, now;  ///< of the coordinator's clock against this member's
    Instant heard{};
    bool ready = false, lost = false;
    FleetPieces pieces;
  };
  /// In the order of their segments; figures are known to the coordinator only.
  const std::vector<Member>& members() const noexcept { return members_; }

 private:
  void on_hello(const Json& in, Instant now, FleetEffects& out);
  void on_roster(const Json& in, Instant now, FleetEffects& out);
  void on_ping(const Json& in, Instant received, Instant now, FleetEffects& out);
  void on_pong(const Json& in, Instant received, Instant now, FleetEffects& out);
  void on_phase(const Json& in, FleetEffects& out);
  void on_report(const Json& in, std::string_view body, Instant now, FleetEffects& out);
  void on_over(const Json& in, std::string_view body, FleetEffects& out);
  void claim(Instant now, FleetEffects& out);
  void look_for_dead(Instant now, FleetEffects& out);
  void begin_when_ready(Instant now, FleetEffects& out);
  void to_phase(FleetPhase phase, FleetEffects& out);
  void send_roster(FleetEffects& out) const;
  void send_ping(Instant now, FleetEffects& out);
  void send_pieces(const std::string& to, const Json& head, std::string_view text, FleetEffects& out) const;
  void refuse(const std::string& to, const std::string& why, FleetEffects& out) const;
  void failed(FleetFailure why, const std::string& text, FleetEffects& out);
  Duration silence() const noexcept { return phase_ == FleetPhase::finishing ? options_.patience : options_.silence; }
  Member* member(const Json& in);

  struct Seen {
    std::string host;
    Instant heard{};
  };
  FleetOptions options_;
  FleetState state_ = FleetState::gathering;
  FleetPhase phase_ = FleetPhase::waiting;
  std::map<std::string, Seen> seen_;
  Instant began_{}, newest_{}, next_say_{};  // newest_: somebody came or went; next_say_: hello or ping
  std::string coordinator_;
  std::vector<Member> members_;
  std::uint32_t run_ = 0;
  std::int64_t start_ns_ = 0;
  ClockOffsetEstimator clock_;
  Instant heard_coordinator_{};
  std::uint64_t reports_ = 0, strange_ = 0;
  FleetPieces verdict_;
};

}  // namespace phx::load
