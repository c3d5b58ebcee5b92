#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <phx/core/etf.hpp>
#include <phx/server/shard.hpp>

#include "longpoll_session.hpp"

namespace phx::server::detail {

/// Where a session lives. `instance` is of this start of the endpoint; `secret` keeps ids from being anything to guess.
struct LongPollAddress {
  std::string instance;
  std::size_t shard = 0;
  std::uint64_t id = 0;
  std::string secret;

  core::etf::Term to_term() const;
  static std::optional<LongPollAddress> from_term(const core::etf::Term& term);
};

/// The workers of an endpoint that have long-poll sessions, found from any of them.
class LongPollDirectory : public std::enable_shared_from_this<LongPollDirectory> {
 public:
  LongPollDirectory();

  const std::string& instance() const noexcept { return instance_; }
  void enter(Shard& shard);
  void leave(const Shard& shard);
  /// To the session at this address; without one, nobody will answer. From any shard's thread.
  void send(const LongPollAddress& to, LongPollRequest request);

 private:
  const std::string instance_;
  std::mutex mutex_;  // guards shards_, and each of them against its end while it is posted to
  std::unordered_map<std::size_t, Shard*> shards_;
};

/// The sessions of one worker.
class LongPollSessions final : public ShardPart {
 public:
  static LongPollSessions& of(Shard& shard, const std::shared_ptr<LongPollDirectory>& directory);

  LongPollSessions(Shard& shard, std::shared_ptr<LongPollDirectory> directory);
  ~LongPollSessions() override;

  std::size_t count() const noexcept { return sessions_.size(); }
  /// Lets what the session's init throws pass.
  LongPollAddress open(std::unique_ptr<TransportSession> session, const LongPollSession::Settings& settings);
  void receive(const LongPollAddress& to, LongPollRequest request);

  void drain(const TransportHandler* of) override;
  void shutdown() override;

 private:
  struct Entry {
    std::string secret;
    std::unique_ptr<LongPollSession> session;
  };

  Shard& shard_;
  std::shared_ptr<LongPollDirectory> directory_;
  std::unordered_map<std::uint64_t, Entry> sessions_;
  std::uint64_t last_id_ = 0;
};

}  // namespace phx::server::detail
