#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include <phx/core/client/policy.hpp>
#include <phx/core/client/ref.hpp>
#include <phx/core/error.hpp>

namespace phx::core {

/// One connection of one presence. Compared by its ref only in merges; `==` compares all.
struct PresenceMeta {
  std::string phx_ref;
  std::string json;  ///< the whole meta, raw JSON object, phx_ref included
  bool operator==(const PresenceMeta&) const = default;
};

struct Presence {
  std::string key;
  std::vector<PresenceMeta> metas;
  std::string fields = "{}";  ///< everything beside "metas", raw JSON object (what the server's fetch/2 added)
  bool operator==(const Presence&) const = default;
};

/// What presences take up. `bytes`: the text of keys, metas and fields.
struct PresenceSize {
  std::size_t users = 0;
  std::size_t metas = 0;
  std::size_t bytes = 0;
  PresenceSize& operator+=(const PresenceSize& other) noexcept;
  PresenceSize& operator-=(const PresenceSize& other) noexcept;
  bool operator==(const PresenceSize&) const = default;
};
PresenceSize size_of(const Presence& presence) noexcept;

/// Key -> presence, ordered by insertion (N8). A value; find and total are O(1).
class PresenceState {
 public:
  PresenceState() = default;
  PresenceState(std::initializer_list<Presence> entries);
  PresenceState(const PresenceState& other);
  PresenceState& operator=(const PresenceState& other);
  PresenceState(PresenceState&&) noexcept = default;
  PresenceState& operator=(PresenceState&&) noexcept = default;
  ~PresenceState() = default;

  const Presence* find(std::string_view key) const noexcept;
  /// Replaces the entry of that key in its place, or appends.
  void put(Presence presence);
  void erase(std::string_view key);
  void clear() noexcept;

  std::size_t size() const noexcept { return entries_.size(); }
  const PresenceSize& total() const noexcept { return total_; }
  bool empty() const noexcept { return entries_.empty(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }
  /// Same entries in the same order.
  bool operator==(const PresenceState& other) const { return entries_ == other.entries_; }

 private:
  std::list<Presence> entries_;  // stable nodes: the index borrows their keys
  std::unordered_map<std::string_view, std::list<Presence>::iterator> index_;
  PresenceSize total_;
};

struct PresenceDiff {
  PresenceState joins;
  PresenceState leaves;
  bool operator==(const PresenceDiff&) const = default;
};

/// N6: `presence` holds only the metas of the diff; `current` is the stored entry before the join.
struct PresenceJoined {
  std::optional<Presence> current;
  Presence presence;
  bool operator==(const PresenceJoined&) const = default;
};
/// `current` is what remains, maybe without metas; `presence` what left.
struct PresenceLeft {
  Presence current;
  Presence presence;
  bool operator==(const PresenceLeft&) const = default;
};
/// D-20: one diff took metas away from a key and gave it new ones; follows their joined and left.
struct PresenceUpdated {
  Presence before;
  Presence after;
  bool operator==(const PresenceUpdated&) const = default;
};
/// A state or diff is fully applied.
struct PresenceSynced {
  bool operator==(const PresenceSynced&) const = default;
};
using PresenceEffect = std::variant<PresenceJoined, PresenceLeft, PresenceUpdated, PresenceSynced>;
using PresenceEffects = std::vector<PresenceEffect>;

/// Applies a diff: joins before leaves, each in the diff's key order; surviving old metas stay in front (N5).
PresenceState sync_diff(PresenceState state, const PresenceDiff& diff, PresenceEffects& out);
/// Replaces `state` by `incoming`, telling the difference (N4).
PresenceState sync_state(const PresenceState& state, const PresenceState& incoming, PresenceEffects& out);

/// Reads payloads of presence_state and presence_diff. Errors: bad_json; bad_envelope when the shape is not Presence's.
Result<PresenceState> parse_presence_state(std::string_view json);
Result<PresenceDiff> parse_presence_diff(std::string_view json);

struct PresenceOptions {
  std::string state_event = "presence_state";  ///< N7
  std::string diff_event = "presence_diff";
  bool update_event = true;                ///< D-20
  std::optional<PresenceLimits> limits{};  ///< none: the policy's
};

/// Who is on one channel.
///
///   pending (no state for this join_ref) --state--> synced --diff--> synced
///      ^  diffs are queued                            | rejoin: another join_ref
///      +----------------------------------------------+
///   any --beyond the limits--> lost: the list stays as it was, nothing is followed or kept --rejoin--> pending
///
/// Fed with every message of its channel; says nothing about others. Rules: phoenix.js presence.js; spec client-semantics N1 to N8.
class PresenceCore {
 public:
  explicit PresenceCore(PresenceOptions options = {}) : options_(std::move(options)) {}

  bool wants(std::string_view event) const noexcept { return event == options_.state_event || event == options_.diff_event; }
  /// channel_join_ref: the channel's own, not the message's. Other events do nothing.
  /// Errors: those of parsing, then nothing changes; std::errc::no_buffer_space, once per join, for a state or diff that the limits do
  /// not admit, which is not applied.
  std::error_code on_message(std::string_view event, std::string_view payload, Ref channel_join_ref, PresenceEffects& out);

  const PresenceState& list() const noexcept { return state_; }
  bool pending(Ref channel_join_ref) const noexcept { return !synced_ref_.present() || synced_ref_ != channel_join_ref; }
  std::size_t pending_diffs() const noexcept { return pending_.size(); }
  /// Gave up following this join: the list is out of date.
  bool lost(Ref channel_join_ref) const noexcept { return lost_ && lost_ref_ == channel_join_ref; }

 private:
  std::error_code on_state(std::string_view payload, Ref channel_join_ref, PresenceEffects& out);
  std::error_code on_diff(std::string_view payload, Ref channel_join_ref, PresenceEffects& out);
  void apply(const PresenceDiff& diff, PresenceEffects& out);
  bool admits(const PresenceSize& size) const noexcept;
  bool admits(const PresenceDiff& diff) const noexcept;
  std::error_code lose(Ref channel_join_ref);

  PresenceOptions options_;
  PresenceLimits limits_ = options_.limits.value_or(PresenceLimits{});
  PresenceState state_;
  std::vector<PresenceDiff> pending_;
  PresenceSize pending_total_;
  Ref synced_ref_;
  Ref lost_ref_;
  bool lost_ = false;
};

}  // namespace phx::core
