#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <phx/core/serializer.hpp>
#include <phx/scenario/capture.hpp>
#include <phx/testing/target.hpp>

namespace phx::testing::detail {

/// One connection of the test.
struct Line {
  std::unique_ptr<Peer> peer;
  Dial dialled;
  const core::Serializer* serializer = nullptr;
  std::string vsn;
  std::uint64_t number = 0;  // in the capture and in failure texts, from 1
  bool is_ear = false;       // only there to hear broadcasts
  bool end_told = false;
};

/// One join of the test.
struct Member {
  std::shared_ptr<Line> line;
  std::string topic, join_ref;
  bool joined = false, left = false;
};

/// A message to the test.
struct Mail {
  enum class Kind : std::uint8_t { push, reply, broadcast, closed, crashed, down };
  Kind kind = Kind::push;
  Instant at;
  std::uint64_t line = 0;  // 0: of no connection
  std::string topic = {}, event = {}, ref = {}, join_ref = {}, status = {};
  Json payload = {};
  std::uint16_t code = 0;
  bool taken = false;
};

/// Everything a test has sent and got: its connections, its mailbox in order, the capture. Knows nothing of GoogleTest.
class Mailroom {
 public:
  explicit Mailroom(Target& target);
  ~Mailroom();

  Target& target() noexcept { return target_; }

  /// Waits until it is open or refused.
  std::shared_ptr<Line> dial(const Dial& dial, Duration limit);
  std::shared_ptr<Member> start_join(std::shared_ptr<Line> line, std::string_view topic, const Json& payload);
  std::string send(const Member& member, std::string_view event, const Json& payload);  ///< the ref, a raw token
  void subscribe(std::string_view topic, const Json& join_payload, const Dial& ear);
  /// False: the server is out of reach.
  bool broadcast(std::string_view topic, std::string_view event, const Json& payload, bool from_test);

  using Wanted = std::function<bool(const Mail&)>;
  /// Takes the first that fits, waiting up to `limit`. The pointer is good until the next call of anything here.
  const Mail* take(const Wanted& wanted, Duration limit);
  /// Reads what has come, waiting for nothing.
  void collect();
  void pass(Duration time);

  const std::deque<Mail>& mails() const noexcept { return mails_; }
  /// The mailbox in order, with times since the start of the test.
  std::string describe() const;
  /// One line.
  std::string describe(const Mail& mail) const;
  /// Header and events, masked; ends with the note. For the file of a failed test.
  std::string capture(const std::string& note);

 private:
  void read(Line& line);
  void deliver(Line& line, const Frame& frame);
  std::string next_ref() { return "\"" + std::to_string(++last_ref_) + "\""; }
  const Mail* find(const Wanted& wanted);
  void hear(TopicBroadcast broadcast);

  Target& target_;
  Instant start_;
  std::string captured_;
  scenario::CaptureRecorder recorder_;
  std::deque<Mail> mails_;
  std::vector<std::shared_ptr<Line>> lines_;
  std::map<std::string, std::shared_ptr<void>, std::less<>> subscriptions_;
  std::list<TopicBroadcast> own_;  // broadcasts of the test, which it does not hear
  std::uint64_t last_ref_ = 0;
};

}  // namespace phx::testing::detail
