#pragma once

#include <map>
#include <memory>

#include <phx/core/json.hpp>
#include <phx/scenario/actor_core.hpp>

namespace phx::scenario {

/// Thrown inside one step, becomes the actor's failure.
struct StepFailed {
  FailureKind kind = FailureKind::assertion;
  std::string message;
  std::vector<std::string> details = {};
  std::optional<std::size_t> nearest = {};
};

class ActorCore::Impl {
 public:
  Impl(const std::string& name_of, const Steps& steps_of, const ActorContext& given)
      : actor(name_of), script(steps_of), context(given), random(given.seed) {}

  // actor_core.cpp: the loop
  void start(Instant at, ActorEffects& out);
  /// Runs `input` and everything it makes ready; what it throws is the actor's failure.
  template <class F>
  void handle(Instant at, ActorEffects& out, F input);
  std::optional<Instant> next_deadline() const noexcept;

  enum class Wait : std::uint8_t { none, open, reply, message, presence, closed, refute, pause, next_round, http, sync, branches };
  struct Frame {
    const Steps* steps;
    std::size_t next = 0;
    const RepeatStep* repeat = nullptr;
    std::uint64_t rounds = 0;
    Instant began{};
  };
  struct Strand {
    std::vector<Frame> frames;
    const Step* step = nullptr;
    Wait wait = Wait::none;
    std::uint64_t id = 0;  // of the answer that is waited for
    std::optional<Instant> deadline{};
    Instant since{};
    std::size_t parent = none, children = 0;
    bool done = false;
    static constexpr std::size_t none = ~std::size_t{0};
  };
  struct Channel {
    std::uint32_t handle;
    std::string topic;
    std::unique_ptr<core::PresenceCore> presence{};  // if a step asks for it: it has an entry for everybody else
  };

  // actor_core.cpp
  void run_ready();
  void run(std::size_t strand);
  bool end_of_frame(Strand& s);
  void end_strand(Strand& s);
  void resume(Strand& s);
  void time_out(Strand& s);
  void fail(const StepFailed& why);
  std::vector<std::string> waiting_at() const;

  // actor_steps.cpp: what a step does when its turn comes
  void begin(std::size_t strand, const Step& step);
  void begin_step(Strand& s, const ConnectStep& step);
  void begin_step(Strand& s, const JoinStep& step);
  void begin_step(Strand& s, const PushStep& step);
  void begin_step(Strand& s, const LeaveStep& step);
  void begin_step(Strand& s, const ExpectStep& step);
  void begin_step(Strand& s, const ExpectPresenceStep& step);
  void begin_step(Strand& s, const ExpectClosedStep& step);
  void begin_step(Strand& s, const RefuteStep& step);
  void begin_step(Strand& s, const WaitStep& step);
  void begin_step(Strand& s, const HttpStep& step);
  void begin_step(Strand& s, const DisconnectStep& step);
  void begin_step(Strand& s, const SetStep& step);
  void begin_step(Strand& s, const SyncStep& step);
  void begin_step(Strand& s, const RepeatStep& step);
  void begin_parallel(std::size_t strand, const ParallelStep& step);
  void wait_for(Strand& s, Wait what);
  Channel& channel(const std::string& name);
  void need_connection() const;
  std::string http_url(const std::string& url) const;
  bool asks_for_presence() const;

  // actor_check.cpp: what comes in, against what is expected
  void answer(Strand& s, std::string_view status, std::string_view response);
  void http_answer(Strand& s, int status, std::string_view body);
  bool take(const ExpectStep& step, const Step& whole, std::size_t entry);
  bool message_fits(const std::string& on, const std::string& event, std::size_t entry) const;
  void check_refuted(const RefuteStep& step, std::size_t entry) const;
  bool presence_fits(const ExpectPresenceStep& step, const Step& whole);
  void check_closed(const ExpectClosedStep& step, const Step& whole);
  void check(const Pattern& pattern, const Json& value, const std::string& what, const Step& step);
  void capture(const Step& step, const Json& value);
  StepFailed missed(const ExpectStep& step, std::string waited);
  Json presence_list(const std::string& on) const;
  void opened();
  void refused(const Refusal& why);
  void connection_closed(std::uint16_t code, std::string_view reason);
  void message(std::uint32_t handle, std::string_view event, std::string_view payload);
  template <class F>
  void with_answer(std::uint64_t id, F f) {
    for (Strand& s : strands)
      if (!s.done && s.id == id && id != 0) {
        failing = s.step;
        f(s);
        return;
      }
  }

  TemplateScope scope() const;
  std::string text(const Template& t) const { return t.text(scope()); }
  std::string topic_of(const std::string& as) const;
  std::size_t note(TimelineEntry entry);
  void trim();
  bool may_want(std::string_view event) const;
  void forget_taken();

  const std::string& actor;  // its name
  const Steps& script;
  ActorContext context;
  mutable Rng random;
  mutable std::uint64_t counter = 0;
  std::uint64_t seq = 0, last_id = 0, taken = 0;
  std::uint32_t last_channel = 0;
  Variables variables;
  std::map<std::string_view, Channel> channels;  // by `as` of the step
  std::vector<Strand> strands;                   // grows in begin_parallel only
  std::vector<TimelineEntry> timeline;
  struct Closed {
    std::uint16_t code;
    std::string reason;
  };
  const Step* failing = nullptr;  // whose failure it is when something is thrown
  bool overdue = false;           // and it is thrown because time is up
  bool connected = false;
  std::optional<Closed> closed;  // by the server, and not yet expected
  std::optional<Failure> failure;
  bool finished = false;
  Instant now{};
  ActorEffects* out = nullptr;  // during an input
};

/// "2s", "200ms"
std::string duration_text(Duration d);
std::vector<std::string> difference_lines(const std::vector<Mismatch>& differences);
std::string_view step_word(const Step& step);

}  // namespace phx::scenario
