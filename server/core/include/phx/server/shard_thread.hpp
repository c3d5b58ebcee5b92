#pragma once

namespace phx::server {

class Shard;

/// True while this thread works for some shard: a place where nothing may block.
bool on_shard_thread() noexcept;

/// For a BlockingExecutor of a test that runs its work in place: inside this scope the thread counts as one of the pool.
class OffShard {
 public:
  OffShard() noexcept;
  ~OffShard();
  OffShard(const OffShard&) = delete;
  OffShard& operator=(const OffShard&) = delete;

 private:
  const Shard* shard_;
};

}  // namespace phx::server
