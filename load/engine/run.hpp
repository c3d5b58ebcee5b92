#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/core/tls.hpp>

#include "engine/address.hpp"
#include "engine/job.hpp"
#include "engine/part.hpp"

namespace phx::load {

/// The shards of this process. Throws what resolve() throws, and std::invalid_argument for TLS files.
class LocalParts final : public PartGroup {
 public:
  explicit LocalParts(Job job);
  ~LocalParts() override;

 private:
  Job job_;
  Endpoints endpoints_;
  std::unique_ptr<core::TlsContext> tls_;
};

/// The parts of a job in this process, or in job.processes children. Throws as LocalParts does.
std::unique_ptr<PartGroup> start_parts(const Job& job);

/// What the run tells and asks while it goes on, on the caller's thread.
struct RunHooks {
  std::function<bool()> interrupted = [] { return false; };             ///< asked every few milliseconds; may wait so long
  std::function<void(const Series&)> on_second = [](const Series&) {};  ///< with all complete seconds, when there is a new one
};

struct RunOutcome {
  RunPart part;
  double seconds = 0;
  bool interrupted = false;
  std::optional<std::string> aborted_by;
  Json fleet;  ///< its members, if it was one
};

/// Watches the parts to their end: stop, drain, close the books everywhere at once.
RunOutcome watch(const Job& job, const RunHooks& hooks, Part& whole);
/// Starts and watches.
RunOutcome run(const Job& job, const RunHooks& hooks);

/// How many processes and threads so many connections need.
void choose_processes(Job& job, std::uint32_t processes, std::uint32_t threads);

}  // namespace phx::load
