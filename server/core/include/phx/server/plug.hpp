#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <phx/server/conn.hpp>

namespace phx::server {

/// Takes and returns the Conn. Immutable after start and called on every worker, so it captures only shared constant data.
/// May throw: HttpError gives its own status, anything else 500.
using Plug = std::function<Conn(Conn)>;
using PlugChain = std::vector<Plug>;

/// Where a late answer goes. Emptied by the connection when it goes away, so answering too late is harmless.
struct AnswerSlot {
  std::function<void(Conn)> resume;
};

/// The right to answer one request later, once. Copies share it. Use it on the worker of the connection (`conn.shard`);
/// from another thread, `shard->post`.
class Answer {
 public:
  explicit Answer(std::shared_ptr<AnswerSlot> slot) : slot_(std::move(slot)) {}
  /// False when the client has gone.
  bool wanted() const noexcept { return slot_->resume != nullptr; }
  /// Hands the Conn back; the plugs after the one that went away run unless it is halted.
  void operator()(Conn conn) const {
    if (auto resume = std::exchange(slot_->resume, nullptr)) resume(std::move(conn));
  }

 private:
  std::shared_ptr<AnswerSlot> slot_;
};

/// Runs the plugs from `first` to before `last` until one halts, upgrades or answers later. Returns the index after the last one run.
std::size_t run_plugs(const PlugChain& chain, std::size_t first, Conn& conn, std::size_t last = SIZE_MAX);

}  // namespace phx::server
