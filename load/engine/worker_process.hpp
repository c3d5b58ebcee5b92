#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "engine/job.hpp"
#include "engine/reported_part.hpp"

namespace phx::load {

/// A child that runs a job: this program with the word `worker`. The job goes to its stdin, one line; then a line per command. Its stdout
/// brings its reports. A child whose stdin ends stops by itself.
class WorkerProcess final : public ReportedPart {
 public:
  explicit WorkerProcess(const Job& job);
  ~WorkerProcess() override;

  void stop() override { send("stop"); }
  void finish() override { send("finish"); }

 private:
  void send(const std::string& command);
  void pump() override;
  void reap(bool wait);

  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;  // its stdin, its stdout
  std::string unsent_, buffer_;
  bool ended_ = false;
};

/// The child's side: reads the job from stdin, runs it, writes to stdout. Returns when it is over.
void run_worker();

}  // namespace phx::load
