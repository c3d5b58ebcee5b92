#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <phx/store/migration.hpp>
#include <phx/store/repo.hpp>

namespace phx::store {

/// One job of the table phx_jobs.
///
///   available --claim--> executing --done--> completed
///       ^                    | fails, or its worker died (visibility timeout)
///       | time has come      v
///       +--------------- retryable        attempts used up, or DiscardJob: discarded
///
/// At least once: a worker that dies after its work and before saying so leaves a job that runs again, so handlers are idempotent.
struct Job {
  std::int64_t id = 0;
  std::string kind, args, state = "available";  ///< args: JSON text
  std::int64_t priority = 0;                    ///< smaller first
  std::int64_t attempt = 0, max_attempts = 20;
  Timestamp scheduled_at{};
  std::optional<std::string> unique_key, locked_by, last_error;
  std::optional<Timestamp> locked_until, finished_at;
  Timestamp inserted_at{};

  Json args_json() const;
  static constexpr auto schema() {
    return phx::store::schema("phx_jobs", field<&Job::id>("id", Role::primary_key), field<&Job::kind>("kind"), field<&Job::args>("args"),
                              field<&Job::state>("state"), field<&Job::priority>("priority"), field<&Job::attempt>("attempt"),
                              field<&Job::max_attempts>("max_attempts"), field<&Job::scheduled_at>("scheduled_at"),
                              field<&Job::unique_key>("unique_key"), field<&Job::locked_by>("locked_by"),
                              field<&Job::last_error>("last_error"), field<&Job::locked_until>("locked_until"),
                              field<&Job::finished_at>("finished_at"), field<&Job::inserted_at>("inserted_at", Role::inserted_at));
  }
};

/// Makes the table; put it among the application's migrations.
Migration jobs_migration(std::int64_t version);

struct EnqueueOptions {
  std::optional<Timestamp> scheduled_at{};  ///< not before; empty: at once
  std::optional<std::string> unique_key{};  ///< no second one while a job with this key waits or runs
  std::int64_t priority = 0;
  std::int64_t max_attempts = 20;
};

/// Adds a job; inside a transaction it exists when that commits. now: when it is due without scheduled_at. False: its unique_key is taken.
bool enqueue(Repo& repo, std::string_view kind, const Json& args, Timestamp now, const EnqueueOptions& options = {});

/// Deletes what was completed or discarded before `before`.
std::int64_t prune_jobs(Repo& repo, Timestamp before);

/// When a job runs again; plain values.
struct JobPolicy {
  std::chrono::seconds first_delay{15}, longest_delay{3600};
  std::chrono::seconds visibility{300};  ///< a job whose worker is silent for so long goes to another; longer than any handler takes
  /// After failure number `attempt` (1 ...): doubles each time, up to a tenth more by job so that failures of one moment spread.
  std::chrono::microseconds delay(std::int64_t attempt, std::int64_t job_id) const;
};

/// Thrown by a handler: never try again.
struct DiscardJob : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct JobWorkerOptions {
  std::string name = "worker";  ///< in locked_by, with a number made per worker object
  JobPolicy policy{};
  std::chrono::milliseconds poll_interval{1000};
  std::function<Timestamp()> clock{};                ///< empty: the system's
  std::function<void(std::string_view)> on_error{};  ///< what went wrong with the database; the worker goes on
};

/// Claims due jobs one at a time and runs them. Any number of workers, in any number of processes: on PostgreSQL they skip what others hold (SKIP LOCKED),
/// on SQLite the claim is one write transaction.
class JobWorker {
 public:
  using Handler = std::function<void(Repo& repo, const Job& job)>;  ///< an exception is a failed attempt

  explicit JobWorker(Repo repo, JobWorkerOptions options = {});
  ~JobWorker();
  JobWorker(const JobWorker&) = delete;
  JobWorker& operator=(const JobWorker&) = delete;

  /// Before start. Jobs of kinds without a handler are left to other workers.
  void handle(std::string kind, Handler handler);
  /// Runs what is due until nothing is; on the caller's thread. Returns the number of attempts. Throws DatabaseError.
  std::size_t run_due();
  /// run_due on a thread of its own, every poll_interval and after wake().
  void start();
  /// Ends after the job at hand. Also by the destructor.
  void stop();
  void wake();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phx::store
