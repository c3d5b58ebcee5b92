#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "engine/job.hpp"
#include "engine/part.hpp"

namespace phx::load {

/// A child that runs a job: this program with the word `worker`. The job goes to its stdin, one line; then a line per command. Its stdout
/// brings a line per second, {"drained":true}, at last {"result":…}. A child whose stdin ends stops by itself.
class WorkerProcess final : public Part {
 public:
  explicit WorkerProcess(const Job& job);
  ~WorkerProcess() override;

  void stop() override { send("stop"); }
  void finish() override;
  bool stopped() override;
  bool drained() override;
  bool done() override;
  void take_seconds(Series& into) override;
  Stats so_far() override;
  RunPart result() override;

 private:
  void send(const std::string& command);
  void pump();
  void on_line(std::string_view line);
  void reap(bool wait);

  std::uint32_t number_;
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;  // its stdin, its stdout
  std::string unsent_, buffer_;
  Series seconds_;
  Stats so_far_;
  RunPart part_;
  bool stopped_ = false, drained_ = false, done_ = false, has_result_ = false;
};

/// The child's side: reads the job from stdin, runs it, writes to stdout. Returns when it is over.
void run_worker();

}  // namespace phx::load
