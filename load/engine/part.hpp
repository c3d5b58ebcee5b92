#pragma once

#include <memory>
#include <vector>

#include <phx/load/result.hpp>

namespace phx::load {

/// A shard's thread or a worker process, as the run sees it.
class Part {
 public:
  virtual ~Part() = default;
  virtual void stop() = 0;    ///< no more arrivals and actions
  virtual void finish() = 0;  ///< close the books
  virtual bool stopped() = 0;
  virtual bool drained() = 0;
  virtual bool done() = 0;
  /// Adds the seconds that have become known since the last call.
  virtual void take_seconds(Series& into) = 0;
  /// With Job::watch_gates: everything so far, a second old at most.
  virtual Stats so_far() = 0;
  /// Once done.
  virtual RunPart result() = 0;
};

/// Several parts as one.
class PartGroup : public Part {
 public:
  void add(std::unique_ptr<Part> part) { parts_.push_back(std::move(part)); }
  void clear() noexcept { parts_.clear(); }

  void stop() override;
  void finish() override;
  bool stopped() override;
  bool drained() override;
  bool done() override;
  void take_seconds(Series& into) override;
  Stats so_far() override;
  RunPart result() override;

 private:
  std::vector<std::unique_ptr<Part>> parts_;
};

}  // namespace phx::load
