#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phx::core {

/// Who wants which event. Handler is any movable callable; nothing here calls it.
/// Dispatch over a snapshot: a handler removed meanwhile still runs for this message, one added runs for later ones (C5).
/// Rules: spec client-semantics C5, C8.
template <class Handler>
class HandlerTable {
 public:
  using Id = std::uint32_t;
  using Snapshot = std::vector<std::shared_ptr<Handler>>;  // shared: table and a dispatch in progress

  Id on(std::string event, Handler handler) {
    entries_.push_back({next_, std::move(event), std::make_shared<Handler>(std::move(handler))});
    return next_++;
  }
  /// All handlers of the event.
  void off(std::string_view event) {
    std::erase_if(entries_, [&](const Entry& e) { return e.event == event; });
  }
  void off(std::string_view event, Id id) {
    std::erase_if(entries_, [&](const Entry& e) { return e.id == id && e.event == event; });
  }
  /// In registration order; `out` is cleared first and reused.
  void snapshot(std::string_view event, Snapshot& out) const {
    out.clear();
    for (const Entry& entry : entries_)
      if (entry.event == event) out.push_back(entry.handler);
  }
  bool has(std::string_view event) const noexcept {
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.event == event; });
  }
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    Id id;
    std::string event;
    std::shared_ptr<Handler> handler;
  };
  std::vector<Entry> entries_;
  Id next_ = 1;
};

/// What a push's owner wants to hear, by status. Rules: spec client-semantics P4, P5, P6.
template <class Hook>
class ReplyHooks {
 public:
  /// Keeps the hook; true when it must also run now, because the reply with this status is there already (P5).
  bool receive(std::string status, Hook hook) {
    const bool now = replied_ && status == status_;
    hooks_.emplace_back(std::move(status), std::move(hook));
    return now;
  }
  /// Calls run(hook) for each hook of the status. A push resolves once; later answers are ignored (P6).
  template <class Run>
  void resolve(std::string_view status, Run&& run) {
    if (replied_) return;
    replied_ = true;
    status_ = status;
    std::size_t left = hooks_.size();  // hooks added by a hook are not for this walk
    for (auto hook = hooks_.begin(); left > 0; ++hook, --left)
      if (hook->first == status_) run(hook->second);
  }
  /// A rejoin: the hooks stay, the reply is forgotten (C2).
  void reset() {
    replied_ = false;
    status_.clear();
  }
  bool replied() const noexcept { return replied_; }
  const std::string& status() const noexcept { return status_; }

 private:
  std::list<std::pair<std::string, Hook>> hooks_;  // stable nodes: a running hook may add another
  std::string status_;
  bool replied_ = false;
};

}  // namespace phx::core
