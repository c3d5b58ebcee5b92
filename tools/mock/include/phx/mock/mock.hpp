#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include <phx/mock/journal.hpp>
#include <phx/mock/mock_file.hpp>
#include <phx/server/presence.hpp>
#include <phx/server/user_socket.hpp>

namespace phx::mock {

/// The file in use and what its rules remember. Shared by all channels; thread-safe.
class Mock {
 public:
  using FilePtr = std::shared_ptr<const MockFile>;
  /// Runs work later on the shard that presences belong to.
  using Later = std::function<void(Duration, std::function<void()>)>;
  using Clock = std::function<Instant()>;

  /// pubsub, journal: borrowed for life.
  Mock(FilePtr file, server::PubSub& pubsub, Journal& journal, std::uint64_t seed = 1);

  FilePtr file() const;
  /// From now on; channels that are joined go on with it. Expectations count anew.
  void use(FilePtr file);
  void run_later_with(Later later) { later_ = std::move(later); }
  void tell_time_with(Clock clock) { clock_ = std::move(clock); }
  /// Rules' counts begin again.
  void reset();

  /// The first that fits and has turns left; when all have had theirs, the last that fits.
  const MockRule* choose(const std::vector<MockRule>& rules, const Json& payload, std::string_view state,
                         const scenario::TemplateScope& scope);
  /// Someone has joined this topic: its presence script begins, once.
  void begin_presence(const FilePtr& file, const MockChannelScript& script, const std::string& topic);

  server::Presence& presence() noexcept { return presence_; }
  server::PubSub& pubsub() noexcept { return pubsub_; }
  Journal& journal() noexcept { return journal_; }
  /// A join of a topic that is in no channel of the file.
  void unmatched(std::string_view topic);
  /// For one rendering at a time.
  std::uint64_t seed();

 private:
  server::PubSub& pubsub_;
  Journal& journal_;
  server::Presence presence_;
  Later later_;
  Clock clock_;
  mutable std::mutex mutex_;  // everything below
  FilePtr file_;
  std::map<const MockRule*, std::uint64_t> used_;
  std::set<std::string, std::less<>> present_;
  scenario::Rng seeds_;
};

/// The socket of a mock at one path: refuses as the file says, and has a MockChannel for every topic that the file knows.
class MockUserSocket final : public server::UserSocket {
 public:
  MockUserSocket(Mock& mock, std::string path);
  server::ConnectResult connect(const Json& params, server::ConnectSocket& socket, const server::ConnectInfo& info) const override;
  std::string_view name() const noexcept override { return "Mock"; }
  /// Topics are those of the file as it is now: one without channel is answered as by any server.
  const server::ChannelPattern* find(std::string_view topic) const noexcept override;

 private:
  Mock& mock_;
  std::string path_;
};

/// A topic as the file scripts it.
///
///   state, variables and `counter` belong to the channel: one joined topic of one client
class MockChannel final : public server::Channel {
 public:
  explicit MockChannel(Mock& mock) : mock_(mock), random_(mock.seed()) {}
  server::JoinResult join(std::string_view topic, const Json& params, server::Socket& socket) override;
  server::HandleResult handle_in(std::string_view event, const server::Payload& payload, server::Socket& socket) override;
  server::HandleResult handle_info(const server::Info& message, server::Socket& socket) override;

 private:
  struct Joined {};
  struct Tick {
    std::size_t index;
  };
  struct Send {
    std::string event;
    server::Payload payload;
  };
  struct Then {
    const MockActions* actions;
    Mock::FilePtr file;
  };

  const MockChannelScript* script(std::string_view topic);
  const std::vector<MockRule>* rules_for(std::string_view event, const MockChannelScript& script) const;
  scenario::TemplateScope scope();
  void bind(std::string_view event, const Json& payload);
  server::Payload rendered(const JsonTemplate& value);
  void remember(const MockActions& actions);
  void send(const MockActions& actions, server::Socket& socket);
  void start_timers(server::Socket& socket);
  server::HandleResult on_tick(std::size_t index, server::Socket& socket);

  Mock& mock_;
  scenario::Rng random_;
  Mock::FilePtr file_;  // keeps the rules of a suspended callback alive
  std::string topic_, state_;
  scenario::Variables variables_;
  std::uint64_t counter_ = 0, seq_ = 0;
  std::vector<std::uint64_t> ticks_;
};

}  // namespace phx::mock
