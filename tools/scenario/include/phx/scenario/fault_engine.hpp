#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <phx/core/serializer.hpp>
#include <phx/core/time.hpp>
#include <phx/scenario/fault.hpp>
#include <phx/scenario/rng.hpp>

namespace phx::scenario {

/// The rules with what they remember: counts and the random numbers. One for all connections that the rules are about (a mock
/// server, a proxy, the users of one load worker); one owner at a time. The same seed and the same messages give the same faults.
class FaultEngine {
 public:
  explicit FaultEngine(std::vector<FaultRule> rules, std::uint64_t seed = 1);

  /// A client asks for an upgrade; the refusal to answer with, if a rule says so.
  std::optional<RefuseUpgrade> on_upgrade();

  /// How often rule i has struck.
  std::uint64_t strikes(std::size_t i) const { return counts_.at(i).struck; }
  const std::vector<FaultRule>& rules() const noexcept { return rules_; }

  /// Behind the others, from the next message on. Not from inside of a callback.
  void add(FaultRule rule);
  /// Takes the first such rule away, if there is one.
  void remove(const FaultRule& rule);
  void clear();
  /// Told whenever a rule strikes, before it does.
  void on_strike(std::function<void(const FaultRule&)> told) { told_ = std::move(told); }

 private:
  friend class FaultLink;
  struct Count {
    std::uint64_t fitting = 0, struck = 0;
  };
  bool strikes_now(std::size_t i);

  std::vector<FaultRule> rules_;
  std::vector<Count> counts_;
  Rng rng_;
  std::function<void(const FaultRule&)> told_;
};

/// A whole message, either way. Borrowed.
struct LinkMessage {
  Direction direction = Direction::to_server;
  core::Opcode op = core::Opcode::text;
  std::string_view bytes;
};

// What the owner of a link must do.
struct Deliver {
  Direction direction = Direction::to_server;
  core::Opcode op = core::Opcode::text;
  std::string bytes;
  Instant at;  ///< now or later; those of one direction come in the order of `at`, but for overtaking delays
  bool operator==(const Deliver&) const = default;
};
struct CloseLink {
  std::uint16_t code = 1006;  ///< 1006: cut the connection
  std::string reason = {};
  bool operator==(const CloseLink&) const = default;
};
using LinkAction = std::variant<Deliver, CloseLink>;
using LinkActions = std::vector<LinkAction>;

/// One connection under the rules of an engine. Rules apply in their order, each to what those before it left over.
///
///   passing --HalfOpen--> silent        passing --CloseWith--> closed        nothing passes in either
///
/// Reads no clock, never blocks, calls no user code. One owner at a time.
class FaultLink {
 public:
  enum class State : std::uint8_t { passing, silent, closed };

  /// Both are borrowed for life. The serializer tells topic and event; a message it cannot read fits topic "*" and event "*" only.
  FaultLink(FaultEngine& engine, const core::Serializer& serializer);

  void on_message(const LinkMessage& in, Instant now, LinkActions& out);

  /// When a message held back by Reorder is due although nothing followed it.
  std::optional<Instant> next_deadline() const noexcept;
  void on_deadline(Instant now, LinkActions& out);

  State state() const noexcept { return state_; }

  /// As if a rule had said so: from now on nothing passes.
  void fall_silent();
  void close();

 private:
  struct Held {
    Deliver message;
    std::uint32_t behind;
    Instant latest;
  };
  struct Flight;  // one message on its way through the rules

  bool fits(const FaultMatch& when, const Flight& flight) const;
  void apply(const Fault& fault, Flight& flight, Instant now, LinkActions& out);
  void answer(const AnswerWith& fault, Flight& flight, Instant now, LinkActions& out);
  bool is_muted_reply(const Flight& flight);
  void corrupt(std::string& bytes, std::uint32_t count);
  void emit(Deliver message, bool overtaking, LinkActions& out);
  void release_behind(Direction passed, LinkActions& out);

  FaultEngine* engine_;
  const core::Serializer* serializer_;
  core::EnvelopeScratch scratch_;
  State state_ = State::passing;
  std::vector<Held> held_;
  std::vector<std::string> muted_;  // ref and topic of messages whose reply must not pass
  Instant last_[2] = {};            // per direction: nothing may be delivered before what went ahead of it
};

}  // namespace phx::scenario
