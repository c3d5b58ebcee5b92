#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <phx/core/error.hpp>
#include <phx/core/json_fwd.hpp>

namespace phx::load {

struct SeqRange {
  std::uint32_t from = 0, to = 0;  ///< both included
  bool operator==(const SeqRange&) const = default;
};

/// What one publisher sent to its topic: seq n was sent at sent[n-1]. Times: ns of one clock for all that are reconciled together.
struct StreamLog {
  std::uint32_t user = 0;
  std::string topic;
  std::vector<std::int64_t> sent;  ///< never goes back
  std::vector<std::uint32_t>
      confirmed;                ///< us from sent to the publisher's own copy, which proves that the server had handled it; 0: no copy
  std::vector<SeqRange> voids;  ///< perhaps never reached the server: unconfirmed when the publisher's connection was lost

  std::uint32_t next() const noexcept { return static_cast<std::uint32_t>(sent.size()) + 1; }
  void add(std::int64_t at) { sent.push_back(at), confirmed.push_back(0); }
  void confirm(std::uint32_t seq, std::int64_t at) noexcept;
  /// The publisher's connection is lost.
  void void_unconfirmed();
};

/// What one member got of one stream during one membership.
struct Receipt {
  std::uint32_t user = 0, first = 0, last = 0;
  std::vector<SeqRange> missing;  ///< between first and last; empty but for trouble

  std::uint64_t within(std::uint32_t from, std::uint32_t to) const noexcept;  ///< distinct messages received in [from, to]
};
enum class Arrival : std::uint8_t { in_order, out_of_order, duplicate };

/// All receipts of one membership.
class Receipts {
 public:
  Arrival arrived(std::uint32_t user, std::uint32_t seq);
  const std::vector<Receipt>& list() const noexcept { return list_; }
  std::vector<Receipt>& list() noexcept { return list_; }

 private:
  std::vector<Receipt> list_;
  std::size_t hint_ = 0;  // publishers take turns: the next one is usually behind the last
};

/// From the join reply to: the end of the run, the sending of phx_leave (its receipts go on until the answer), or the loss of the connection.
struct Membership {
  enum class End : std::uint8_t { run_end, left, lost };
  std::string topic;
  std::int64_t joined = 0, ended = 0;
  End end = End::run_end;
  std::vector<Receipt> receipts;
};

struct Deliveries {
  std::uint64_t expected = 0, received = 0, lost = 0, duplicate = 0, out_of_order = 0, late = 0;
  std::uint64_t uncertain = 0;  ///< received or not, but sent while the member was just joining or leaving; when received also in expected
  void add(const Deliveries& other) noexcept;
  bool operator==(const Deliveries&) const = default;
  Json to_json() const;
};

/// The books of one part of a run. Parts merge; reconcile() is exact over whatever has been merged, whoever sent and whoever received.
///
/// A message is owed to a member when it was sent after the member's join reply had been read, and, if the member left, its publisher had
/// its own copy before phx_leave was sent. What is received beyond that counts as expected too, so expected = received + lost always.
class Ledger {
 public:
  std::vector<StreamLog> streams;
  std::vector<Membership> memberships;
  std::map<std::string, Deliveries> seen;  ///< per topic: duplicate, out_of_order, late, as they were seen; the rest only of scenarios

  void merge(Ledger&& other);
  /// Per topic.
  std::map<std::string, Deliveries> reconcile() const;

  /// Times are written relative to `zero_ns`.
  Json to_json(std::int64_t zero_ns) const;
  static Result<Ledger> from_json(const Json& json);
};

}  // namespace phx::load
