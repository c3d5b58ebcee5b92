#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phx::core::ws {
class PerMessageDeflate;
}

namespace phx::server {

/// Append-only bytes shared by the outboxes of one worker: framed once, referenced by every member. Never leaves its worker,
/// so the count is a plain integer. Grows while the loop turn lasts; what a slice refers to never changes.
class Chunk {
 public:
  std::string bytes;
  std::uint32_t refs = 0;
};

class ChunkRef {
 public:
  ChunkRef() = default;
  explicit ChunkRef(Chunk* c) noexcept : chunk_(c) {
    if (chunk_) ++chunk_->refs;
  }
  ChunkRef(const ChunkRef& o) noexcept : ChunkRef(o.chunk_) {}
  ChunkRef(ChunkRef&& o) noexcept : chunk_(std::exchange(o.chunk_, nullptr)) {}
  ChunkRef& operator=(ChunkRef o) noexcept {
    std::swap(chunk_, o.chunk_);
    return *this;
  }
  ~ChunkRef() {
    if (chunk_ && --chunk_->refs == 0) delete chunk_;
  }
  static ChunkRef make() { return ChunkRef(new Chunk); }
  Chunk* get() const noexcept { return chunk_; }
  Chunk& operator*() const noexcept { return *chunk_; }
  Chunk* operator->() const noexcept { return chunk_; }
  explicit operator bool() const noexcept { return chunk_ != nullptr; }

 private:
  Chunk* chunk_ = nullptr;
};

/// A run of whole WebSocket frames (unmasked, header included) inside a chunk.
struct Slice {
  ChunkRef chunk;
  std::uint32_t begin = 0, end = 0;
  std::string_view view() const noexcept { return std::string_view(chunk->bytes).substr(begin, end - begin); }
};

class Outbox;

/// Sees the whole frames that go into an outbox, in the order of the wire.
class OutboxTap {
 public:
  virtual ~OutboxTap() = default;
  virtual void on_queued(std::string_view frames) = 0;
};

/// The outboxes of one worker that have something to write in this loop turn.
class DirtyList {
 public:
  std::vector<Outbox*> outboxes;
  std::uint64_t merged = 0;  ///< so many frames continued the one before and leave with it
};

/// What one connection still has to write, in order. Slices that continue each other in the same chunk become one: members of
/// one topic that got the same 64 broadcasts in a turn hold one slice and are served by one send of the same bytes.
/// An idle outbox owns no heap memory. Lives in its connection; belongs to one worker.
class Outbox {
 public:
  explicit Outbox(DirtyList& dirty) noexcept : dirty_(&dirty) {}
  ~Outbox();  // leaves the dirty list
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  void push(const ChunkRef& chunk, std::uint32_t begin, std::uint32_t end);

  /// From now on push() keeps frames back, in order (a join runs: server.md 0.1.3), and push_ahead() goes before them.
  void hold();
  void push_ahead(const ChunkRef& chunk, std::uint32_t begin, std::uint32_t end);
  /// What was kept back follows.
  void release();

  /// Asks the owner to look after this turn (a close, for example) even with nothing to write.
  void mark_dirty();

  bool empty() const noexcept { return slices_.empty(); }
  std::size_t bytes() const noexcept { return bytes_; }
  /// With what is kept back: what a peer that does not read costs.
  std::size_t bytes_owed() const noexcept { return bytes_ + held_bytes_; }
  const std::vector<Slice>& slices() const noexcept { return slices_; }
  /// The first n bytes have been written.
  void consume(std::size_t n);
  /// Set: text and binary frames must be written by this codec (permessage-deflate was negotiated). Borrowed; set before the first push.
  void set_deflate(core::ws::PerMessageDeflate* deflate) noexcept { deflate_ = deflate; }
  core::ws::PerMessageDeflate* deflate() const noexcept { return deflate_; }
  /// Borrowed; must not call back. What was pushed before is not seen.
  void set_tap(OutboxTap* tap) noexcept { tap_ = tap; }

  /// Taken from the dirty list by the flusher.
  void clean() noexcept { is_dirty_ = false; }

 private:
  DirtyList* dirty_;
  std::vector<Slice> slices_;                 // memory is given back when drained
  std::unique_ptr<std::vector<Slice>> held_;  // while held
  std::size_t bytes_ = 0, held_bytes_ = 0;
  core::ws::PerMessageDeflate* deflate_ = nullptr;
  OutboxTap* tap_ = nullptr;
  bool is_dirty_ = false;
};

}  // namespace phx::server
