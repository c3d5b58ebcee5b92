#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <phx/core/serializer.hpp>
#include <phx/core/ws/frame.hpp>
#include <phx/core/ws/handshake.hpp>
#include <phx/load/planned_crowd.hpp>

namespace phx::load {

/// One user: a compact machine (its size is asserted), no heap while it is idle.
///
///   away --arrival--> queued --> opening --upgrade--> joining --reply--> joined --stay over--> leaving --> away
///                                   |                    |                 |
///                                   +--- error, timeout, connection lost --+--> away (with reconnect: back-off), else over
struct User {
  enum class State : std::uint8_t { away, queued, opening, open, joining, joined, leaving, closing, over };
  struct Poll;
  User();
  ~User();
  User(User&&) noexcept;
  User& operator=(User&&) noexcept;

  core::ws::Decoder decoder{core::ws::Role::client};
  std::unique_ptr<core::ws::ClientHandshake> handshake;  // only while upgrading
  std::unique_ptr<Poll> poll;                            // only with long-polling
  std::unique_ptr<Receipts> receipts;                    // only with broadcasts
  Instant planned{}, started{}, stage_began{};           // arrival; connection begun; the present step begun
  Instant joined_at{}, lost_at{}, left_at{};
  Instant due_step{}, due_heartbeat{}, due_action{}, due_stay{};  // Instant::max(): none
  Instant planned_action{}, heartbeat_sent{}, waiting_since{};
  std::uint64_t open_pushes = 0;  // bit i: push first_open + i is not answered
  std::uint32_t id = 0, topic = 0, stream = ~0u, published = 0;
  std::uint32_t first_open = 1, next_push = 1;
  std::uint16_t joins = 0, profile = 0;
  std::uint8_t failures = 0;
  State state = State::away;
  bool ever_connected : 1 = false, ever_joined : 1 = false, tried : 1 = false, connected : 1 = false, counts_open : 1 = false,
                        sees_presence : 1 = false, acts : 1 = false, member : 1 = false,
                        full : 1 = false;  // actions wait for replies, not for us
};

/// All users of one shard, without I/O: bytes and time in; bytes out through Wire; figures kept. One thread.
///
/// Rules. Each action has a planned instant on a schedule that does not wait for the server; latencies count from there, and a second time
/// from the sending. A membership lasts from the join reply to the sending of phx_leave or the loss; see Ledger.
class Swarm final : public PlannedCrowd {
 public:
  Swarm(SwarmJob job, Wire& wire);
  ~Swarm() override;

  void on_tcp(std::uint32_t slot, unsigned lane, Instant now) override;
  void on_secure(std::uint32_t slot, unsigned lane, Instant now) override;
  void on_bytes(std::uint32_t slot, unsigned lane, std::span<char> bytes, Instant now) override;
  void on_lost(std::uint32_t slot, unsigned lane, ErrorClass why, Instant now, std::string_view detail) override;

  /// No more arrivals and actions; what is under way goes on.
  void stop(Instant now) override;
  /// Stopped, every push answered, every broadcast come back to its publisher, and nothing heard for half a second.
  bool drained(Instant now) const override;
  /// Closes the books: memberships end here. Then connections are closed.
  void finish(Instant now) override;

  UserCounts users() const override;
  /// "error": {"reason":"unauthorized"} of the first refused join, status line of the first refused upgrade, what is wrong with a
  /// certificate.
  const std::string& first_refusal() const noexcept override { return first_refusal_; }
  const Plan& plan() const noexcept { return job_.plan; }

 private:
  friend class SwarmAccess;  // tests
  struct Topic;
  struct Prepared;

  // arrivals
  void place_users();
  void place(std::uint32_t slot, Duration after);
  void arrive(std::uint32_t slot, Instant planned, Instant now);
  void open_arrivals(Instant now);
  void begin(std::uint32_t slot, Instant now) override;
  Instant next_planned() const override;
  void on_planned(Instant now) override;
  void cut_all(Instant now);
  // opening
  void begin_upgrade(User& u, std::uint32_t slot, Instant now);
  void on_upgrade(std::uint32_t slot, std::span<char> bytes, Instant now);
  void opened(User& u, std::uint32_t slot, Instant now);
  std::string target(const User& u, bool longpoll);
  void join(User& u, std::uint32_t slot, Instant now);
  void on_join_reply(User& u, std::uint32_t slot, const core::EnvelopeView& in, Instant now);
  void joined_now(User& u, Instant now);
  // long-polling
  void begin_poll(User& u, std::uint32_t slot, Instant now);
  void poll_bytes(User& u, std::uint32_t slot, unsigned lane, std::span<char> bytes, Instant now);
  void perform_poll(User& u, std::uint32_t slot, Instant now);
  void poll_request(User& u, std::uint32_t slot, std::uint64_t id, std::string_view method, const std::string& url,
                    const core::ws::HeaderList& headers, const std::string& body);
  void poll_lost(User& u, std::uint32_t slot, unsigned lane, Instant now);
  // messages
  void on_frames(std::uint32_t slot, std::span<char> bytes, Instant now);
  void on_message(User& u, std::uint32_t slot, core::Opcode op, std::string_view data, Instant now);
  void on_reply(User& u, std::uint32_t slot, const core::EnvelopeView& in, Instant now);
  void on_push_reply(User& u, std::uint32_t slot, std::string_view ref, bool ok, Instant now);
  void on_event(User& u, std::uint32_t slot, const core::EnvelopeView& in, std::string_view frame, Instant now);
  bool on_stamped(User& u, std::string_view stamp, Instant now);
  void on_presence(User& u, std::string_view payload, Instant now);
  // actions
  void on_timer(std::uint32_t slot, Instant now) override;
  void on_step_timeout(User& u, std::uint32_t slot, Instant now);
  void heartbeat(User& u, std::uint32_t slot, Instant now);
  void schedule_actions(User& u, Instant now);
  void next_action(User& u);
  void act(User& u, std::uint32_t slot, Instant now);
  void perform(User& u, Instant planned, Instant now);
  void count_skipped(const User& u, Instant now);
  void leave(User& u, std::uint32_t slot, Exit how, Instant now);
  void misbehave(User& u, std::uint32_t slot, Instant now);
  // ends
  void lost(User& u, std::uint32_t slot, ErrorClass why, Instant now);
  void close(User& u, std::uint32_t slot, bool abrupt);
  void end_membership(User& u, Membership::End how, Instant now);
  void went(User& u, std::uint32_t slot, Instant now);
  UserCounts counts_of(const User& u) const;
  Duration quiet() const;
  bool all_have_the_last() const;
  void retire(User& u, std::uint32_t slot);
  void again(User& u, std::uint32_t slot, Instant now);
  // helpers
  const Profile& profile(const User& u) const { return job_.plan.profiles[u.profile]; }
  const core::Serializer& serializer(const User& u) const;
  const Json* row(const User& u) const;
  std::uint32_t choose_topic(const Profile& p, std::uint32_t profile, std::uint32_t user);
  std::uint32_t intern(const std::string& name);
  const Prepared& prepared(User& u);
  Prepared prepare(const User& u) const;
  std::string payload_of(const User& u) const;
  void send(User& u, core::Opcode op, std::string_view message, Instant now);
  void send_control(User& u, core::ws::FrameOp op, std::string_view payload);
  void flush(std::uint32_t slot);
  void arm(User& u, std::uint32_t slot);
  std::uint32_t mask() noexcept { return static_cast<std::uint32_t>(rng_.next()); }
  void measure(Metric m, Duration d) { tally_.measure(m, d); }
  void count(Counter c, std::uint64_t n = 1) { tally_.count(c, n); }
  void error(ErrorClass c, std::uint64_t n = 1) { tally_.error(c, n); }
  void lag(Instant planned, Instant now) { tally_.lag(planned, now); }

  Duration ramp_;
  std::vector<User> users_;
  std::vector<std::uint32_t> free_;
  std::uint64_t outstanding_ = 0, unconfirmed_ = 0;
  UserCounts gone_;  // of slots that were used again
  std::vector<std::unique_ptr<Topic>> topics_;
  std::unordered_map<std::string, std::uint32_t> topic_ids_;
  std::vector<std::optional<Zipf>> zipf_;
  std::vector<std::uint32_t> actors_;  // per profile
  std::vector<std::string> targets_;   // per profile, where it is the same for all users
  std::vector<Instant> cuts_;          // per profile; Instant::max(): done or none
  std::string marker_, out_, text_, first_refusal_;
  core::EnvelopeScratch scratch_;
  scenario::Rng arrivals_rng_{0};
  Instant next_arrival_ = Instant::max();
  std::uint32_t next_user_ = 0;
  Instant last_heard_{};
  bool finished_ = false;
};

}  // namespace phx::load
