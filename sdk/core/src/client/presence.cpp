#include <phx/core/client/presence.hpp>

#include <algorithm>
#include <utility>

namespace phx::core {

PresenceSize& PresenceSize::operator+=(const PresenceSize& other) noexcept {
  users += other.users;
  metas += other.metas;
  bytes += other.bytes;
  return *this;
}

PresenceSize& PresenceSize::operator-=(const PresenceSize& other) noexcept {
  users -= other.users;
  metas -= other.metas;
  bytes -= other.bytes;
  return *this;
}

PresenceSize size_of(const Presence& presence) noexcept {
  PresenceSize size{.users = 1, .metas = presence.metas.size(), .bytes = presence.key.size() + presence.fields.size()};
  for (const PresenceMeta& meta : presence.metas) size.bytes += meta.phx_ref.size() + meta.json.size();
  return size;
}

PresenceState::PresenceState(std::initializer_list<Presence> entries) {
  for (const Presence& entry : entries) put(entry);
}

PresenceState::PresenceState(const PresenceState& other) {
  for (const Presence& entry : other) put(entry);
}

PresenceState& PresenceState::operator=(const PresenceState& other) {
  if (this != &other) *this = PresenceState(other);
  return *this;
}

const Presence* PresenceState::find(std::string_view key) const noexcept {
  const auto at = index_.find(key);
  return at == index_.end() ? nullptr : &*at->second;
}

void PresenceState::put(Presence presence) {
  total_ += size_of(presence);
  const auto at = index_.find(presence.key);
  if (at != index_.end()) {
    Presence& entry = *at->second;  // its key stays: the index borrows it
    total_ -= size_of(entry);
    entry.metas = std::move(presence.metas);
    entry.fields = std::move(presence.fields);
    return;
  }
  entries_.push_back(std::move(presence));
  index_.emplace(entries_.back().key, std::prev(entries_.end()));
}

void PresenceState::erase(std::string_view key) {
  const auto at = index_.find(key);
  if (at == index_.end()) return;
  const auto entry = at->second;
  total_ -= size_of(*entry);
  index_.erase(at);
  entries_.erase(entry);
}

void PresenceState::clear() noexcept {
  index_.clear();
  entries_.clear();
  total_ = {};
}

namespace {

bool has_ref(const std::vector<PresenceMeta>& metas, std::string_view ref) {
  return std::any_of(metas.begin(), metas.end(), [ref](const PresenceMeta& meta) { return meta.phx_ref == ref; });
}

/// The metas of `of` whose ref is not in `in`, in their order.
std::vector<PresenceMeta> without(const std::vector<PresenceMeta>& of, const std::vector<PresenceMeta>& in) {
  std::vector<PresenceMeta> rest;
  std::copy_if(of.begin(), of.end(), std::back_inserter(rest), [&in](const PresenceMeta& meta) { return !has_ref(in, meta.phx_ref); });
  return rest;
}

void apply_join(PresenceState& state, const Presence& joined, PresenceEffects& out) {
  PresenceJoined effect{.current = std::nullopt, .presence = joined};
  Presence merged = joined;
  if (const Presence* current = state.find(joined.key)) {
    effect.current = *current;
    merged.metas = without(current->metas, joined.metas);
    merged.metas.insert(merged.metas.end(), joined.metas.begin(), joined.metas.end());
  }
  state.put(std::move(merged));
  out.emplace_back(std::move(effect));
}

void apply_leave(PresenceState& state, const Presence& left, PresenceEffects& out) {
  const Presence* current = state.find(left.key);
  if (current == nullptr) return;
  Presence rest = *current;
  rest.metas = without(current->metas, left.metas);
  out.emplace_back(PresenceLeft{rest, left});
  if (rest.metas.empty()) {
    state.erase(left.key);
  } else {
    state.put(std::move(rest));
  }
}

}  // namespace

PresenceState sync_diff(PresenceState state, const PresenceDiff& diff, PresenceEffects& out) {
  for (const Presence& joined : diff.joins) apply_join(state, joined, out);
  for (const Presence& left : diff.leaves) apply_leave(state, left, out);
  return state;
}

PresenceState sync_state(const PresenceState& state, const PresenceState& incoming, PresenceEffects& out) {
  PresenceDiff diff;
  for (const Presence& old : state)
    if (incoming.find(old.key) == nullptr) diff.leaves.put(old);
  for (const Presence& now : incoming) {
    const Presence* current = state.find(now.key);
    if (current == nullptr) {
      diff.joins.put(now);
      continue;
    }
    std::vector<PresenceMeta> joined = without(now.metas, current->metas);
    std::vector<PresenceMeta> left = without(current->metas, now.metas);
    if (!joined.empty()) diff.joins.put({now.key, std::move(joined), now.fields});
    if (!left.empty()) diff.leaves.put({now.key, std::move(left), current->fields});
  }
  return sync_diff(state, diff, out);
}

// --- PresenceCore ---

std::error_code PresenceCore::on_message(std::string_view event, std::string_view payload, Ref channel_join_ref, PresenceEffects& out) {
  if (!wants(event) || lost(channel_join_ref)) return {};
  return event == options_.state_event ? on_state(payload, channel_join_ref, out) : on_diff(payload, channel_join_ref, out);
}

std::error_code PresenceCore::on_state(std::string_view payload, Ref channel_join_ref, PresenceEffects& out) {
  const Result<PresenceState> incoming = parse_presence_state(payload);
  if (!incoming) return incoming.error();
  if (!admits(incoming->total())) return lose(channel_join_ref);
  synced_ref_ = channel_join_ref;
  state_ = sync_state(state_, *incoming, out);
  pending_total_ = {};
  for (const PresenceDiff& diff : std::exchange(pending_, {})) {
    if (!admits(diff)) return lose(channel_join_ref);
    apply(diff, out);
  }
  out.emplace_back(PresenceSynced{});
  return {};
}

std::error_code PresenceCore::on_diff(std::string_view payload, Ref channel_join_ref, PresenceEffects& out) {
  Result<PresenceDiff> diff = parse_presence_diff(payload);
  if (!diff) return diff.error();
  if (pending(channel_join_ref)) {
    if (diff->joins.empty() && diff->leaves.empty()) return {};  // would take up memory for nothing
    pending_total_ += diff->joins.total();
    pending_total_ += diff->leaves.total();
    if (!admits(pending_total_)) return lose(channel_join_ref);
    pending_.push_back(std::move(*diff));
    return {};
  }
  if (!admits(*diff)) return lose(channel_join_ref);
  apply(*diff, out);
  out.emplace_back(PresenceSynced{});
  return {};
}

bool PresenceCore::admits(const PresenceSize& size) const noexcept {
  return size.users <= limits_.max_users && size.metas <= limits_.max_metas && size.bytes <= limits_.max_bytes;
}

/// Whether the state has room for the joins of the diff.
bool PresenceCore::admits(const PresenceDiff& diff) const noexcept {
  PresenceSize size = state_.total();
  for (const Presence& joined : diff.joins) {
    PresenceSize more = size_of(joined);
    if (const Presence* current = state_.find(joined.key)) {  // its metas come on top, the rest is replaced
      --more.users;
      more.bytes -= std::min(more.bytes, current->key.size() + current->fields.size());
    }
    size += more;
  }
  return admits(size);
}

/// A diff was missed, so nothing until the next join can be right.
std::error_code PresenceCore::lose(Ref channel_join_ref) {
  lost_ = true;
  lost_ref_ = channel_join_ref;
  pending_.clear();
  pending_total_ = {};
  return std::make_error_code(std::errc::no_buffer_space);
}

void PresenceCore::apply(const PresenceDiff& diff, PresenceEffects& out) {
  std::vector<Presence> paired;  // D-20: as they were
  if (options_.update_event) {
    for (const Presence& joined : diff.joins) {
      const Presence* current = diff.leaves.find(joined.key) != nullptr ? state_.find(joined.key) : nullptr;
      if (current != nullptr) paired.push_back(*current);
    }
  }
  state_ = sync_diff(std::move(state_), diff, out);
  for (Presence& before : paired) {
    const Presence* after = state_.find(before.key);
    if (after != nullptr) out.emplace_back(PresenceUpdated{std::move(before), *after});
  }
}

}  // namespace phx::core
