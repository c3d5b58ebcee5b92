#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <phx/core/json_fwd.hpp>

#include "engine/part.hpp"

namespace phx::load {

/// A part that runs elsewhere, in a worker process or on another machine, and tells of itself in lines of JSON: {"second":…,"stats":…},
/// {"stopped":true}, {"drained":…}, at last {"result":…}.
class ReportedPart : public Part {
 public:
  /// name: "worker process 2".
  explicit ReportedPart(std::string name) : name_(std::move(name)) {}

  bool stopped() override { return pump(), stopped_; }
  bool drained() override { return pump(), drained_; }
  bool done() override { return pump(), done_; }
  void take_seconds(Series& into) override;
  Stats so_far() override { return so_far_; }
  RunPart result() override { return std::move(part_); }

  void on_report(std::string_view line);
  /// Nothing more will come. Without a result that is trouble.
  void gone();

 protected:
  virtual void pump() = 0;  ///< takes in what has arrived, without waiting

 private:
  std::string name_;
  Series seconds_;
  Stats so_far_;
  RunPart part_;
  bool stopped_ = false, drained_ = false, done_ = false, has_result_ = false;
};

/// The other side: tells what has changed about `part` since the last time.
class PartReporter {
 public:
  using Say = std::function<void(const Json&)>;
  /// Borrows part for life. watch: cumulative figures with every second.
  PartReporter(Part& part, bool watch, Say say) : part_(part), watch_(watch), say_(std::move(say)) {}

  void report();
  /// Once the part is done.
  void result(const std::vector<std::string>& trouble = {});

 private:
  Part& part_;
  bool watch_;
  Say say_;
  bool stopped_ = false, drained_ = false;
};

}  // namespace phx::load
