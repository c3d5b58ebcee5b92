#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
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

/// The body of a chunked answer, on the worker of its connection. Copies share it.
class ResponseStream {
 public:
  struct Slot {
    std::function<bool(std::string_view)> write;
    std::function<void()> end;
  };
  explicit ResponseStream(std::shared_ptr<Slot> slot) : slot_(std::move(slot)) {}
  /// One chunk. False: the client has gone, nothing more is wanted.
  bool write(std::string_view bytes) const { return slot_->write && slot_->write(bytes); }
  /// The last chunk; the connection goes on with its next request.
  void end() const {
    slot_->write = nullptr;
    if (auto finish = std::exchange(slot_->end, nullptr)) finish();
  }

 private:
  std::shared_ptr<Slot> slot_;
};

/// Runs the plugs from `first` to before `last` until one halts, upgrades or answers later. Returns the index after the last one run.
std::size_t run_plugs(const PlugChain& chain, std::size_t first, Conn& conn, std::size_t last = SIZE_MAX);

}  // namespace phx::server
