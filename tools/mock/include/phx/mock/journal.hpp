#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/mock/mock_file.hpp>
#include <phx/relay/relay.hpp>

namespace phx::mock {

/// What the control API asks for. Empty: anything.
struct JournalQuery {
  std::optional<std::uint64_t> client;
  std::string topic = "*", event = "*";  ///< globs
  std::optional<scenario::Direction> direction = {};
  Pattern payload = {};
  std::uint64_t since = 0;  ///< entries after this number
};

/// Everything that passed, in order, and which expectations were met. Thread-safe. Keeps the newest 100 000 entries.
class Journal final : public relay::RelayEvents {
 public:
  explicit Journal(Instant start) : start_(start) {}

  /// Those met so far count from anew.
  void expect(std::vector<MockExpectation> expectations);
  void reset();

  /// Objects {"n","t","c","k","d","topic","event","ref","payload",...}, n from 1; at most `limit`, the oldest first.
  std::vector<Json> entries(const JournalQuery& query = {}, std::size_t limit = 10'000) const;
  std::vector<std::string> unmet() const;
  /// {"clients","received","sent","faults","unexpected","expectations"}
  Json summary() const;
  /// A message that no rule fits.
  void unexpected(std::string_view topic, std::string_view event, std::string_view why, Instant now);
  void note(std::string_view what, Instant now);

  void on_open(std::uint64_t c, std::string_view target, bool websocket, Instant now) override;
  void on_message(std::uint64_t c, scenario::Direction direction, core::Opcode op, std::string_view bytes, std::string_view vsn,
                  Instant now) override;
  void on_close(std::uint64_t c, std::optional<scenario::Direction> by, int code, std::string_view reason, Instant now) override;
  void on_http(std::uint64_t c, scenario::Direction direction, std::string_view method, std::string_view target, std::optional<int> status,
               std::string_view body, Instant now) override;
  void on_error(std::uint64_t c, std::string_view what, Instant now) override;
  void on_fault(std::uint64_t c, std::string_view what, Instant now) override;

 private:
  void add(std::uint64_t c, const char* kind, Instant now, Json more);
  void meet(const Json& entry);

  Instant start_;
  mutable std::mutex mutex_;  // everything below
  std::deque<Json> entries_;
  std::uint64_t last_ = 0, opened_ = 0, received_ = 0, sent_ = 0, faults_ = 0, unexpected_ = 0;
  std::vector<std::pair<MockExpectation, std::uint64_t>> expectations_;  // with how often met
};

}  // namespace phx::mock
