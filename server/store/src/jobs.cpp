#include <phx/store/jobs.hpp>

#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>
#include <phx/core/random.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace phx::store {

namespace {

constexpr std::size_t max_error_bytes = 2000;

Timestamp system_now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

void create_jobs(Migrator& m) {
  m.create_table("phx_jobs", {{.name = "id", .type = Type::integer, .primary_key = true},
                              {.name = "kind"},
                              {.name = "args"},
                              {.name = "state"},
                              {.name = "priority", .type = Type::integer},
                              {.name = "attempt", .type = Type::integer},
                              {.name = "max_attempts", .type = Type::integer},
                              {.name = "scheduled_at", .type = Type::timestamp},
                              {.name = "unique_key", .null = true},
                              {.name = "locked_by", .null = true},
                              {.name = "last_error", .null = true},
                              {.name = "locked_until", .type = Type::timestamp, .null = true},
                              {.name = "finished_at", .type = Type::timestamp, .null = true},
                              {.name = "inserted_at", .type = Type::timestamp}});
  m.create_index("phx_jobs", {"unique_key"}, {.unique = true, .where = "state IN ('available', 'executing', 'retryable')"});
  m.create_index("phx_jobs", {"state", "priority", "scheduled_at", "id"});
}

/// UTF-8 stays whole, NUL goes.
std::string error_text(std::string_view what) {
  std::string out(what.substr(0, max_error_bytes));
  while (what.size() > out.size() && !out.empty() && (static_cast<unsigned char>(what[out.size()]) & 0xC0) == 0x80) out.pop_back();
  std::replace(out.begin(), out.end(), '\0', ' ');
  return out;
}

}  // namespace

Json Job::args_json() const { return Value(JsonText{args}).json(); }

Migration jobs_migration(std::int64_t version) {
  return {version, "create phx_jobs", create_jobs, [](Migrator& m) { m.drop_table("phx_jobs"); }};
}

bool enqueue(Repo& repo, std::string_view kind, const Json& args, Timestamp now, const EnqueueOptions& options) {
  if (options.max_attempts < 1) throw std::invalid_argument("enqueue: max_attempts must be at least 1");
  Job job;
  job.kind = kind;
  job.args = to_json_text(args);
  job.priority = options.priority;
  job.max_attempts = options.max_attempts;
  job.scheduled_at = options.scheduled_at.value_or(now);
  job.unique_key = options.unique_key;
  job.inserted_at = now;
  return repo.insert_or_ignore(std::move(job));
}

std::int64_t prune_jobs(Repo& repo, Timestamp before) {
  return repo.delete_all(from<Job>().where(in("state", {"completed", "discarded"})).where(lt("finished_at", before)));
}

std::chrono::microseconds JobPolicy::delay(std::int64_t attempt, std::int64_t job_id) const {
  auto wait = std::chrono::microseconds(first_delay);
  for (std::int64_t i = 1; i < attempt && wait < longest_delay; ++i) wait *= 2;
  wait = std::min(wait, std::chrono::microseconds(longest_delay));
  const auto spread = (static_cast<std::uint64_t>(job_id) * 2654435761u + static_cast<std::uint64_t>(attempt) * 40503u) % 100;
  return wait + wait * static_cast<std::int64_t>(spread) / 1000;
}

struct JobWorker::Impl {
  Impl(Repo given, JobWorkerOptions wanted) : repo(std::move(given)), options(std::move(wanted)) {
    core::SystemRandom random;
    name = options.name + "/" + core::base64url_encode(random.bytes(9));
  }

  Timestamp now() const { return options.clock ? options.clock() : system_now(); }

  /// Jobs whose worker died in their last attempt.
  void discard_lost() {
    repo.execute(
        "UPDATE phx_jobs SET state = 'discarded', finished_at = ?, last_error = 'the worker fell silent in the last attempt' WHERE state = "
        "'executing' AND locked_until <= ? AND attempt >= max_attempts",
        {now(), now()});
  }
  bool stopped() {
    const std::lock_guard lock(mutex);
    return stopping;
  }
  std::optional<Job> claim();
  void run(const Job& job);
  void finish(const Job& job, std::map<std::string, Value> values);

  Repo repo;
  JobWorkerOptions options;
  std::string name;
  std::map<std::string, Handler> handlers;
  std::thread thread;
  std::mutex mutex;  // of what follows
  std::condition_variable changed;
  bool stopping = false, woken = false;
};

JobWorker::JobWorker(Repo repo, JobWorkerOptions options) : impl_(std::make_unique<Impl>(std::move(repo), std::move(options))) {}
JobWorker::~JobWorker() { stop(); }

void JobWorker::handle(std::string kind, Handler handler) { impl_->handlers.insert_or_assign(std::move(kind), std::move(handler)); }

std::optional<Job> JobWorker::Impl::claim() {
  if (handlers.empty()) return std::nullopt;
  const Timestamp time = now();
  std::vector<Value> params{Value(name), Value(time + options.policy.visibility)};
  std::string kinds;
  for (const auto& [kind, _] : handlers) {
    kinds += kinds.empty() ? "?" : ", ?";
    params.emplace_back(kind);
  }
  params.insert(params.end(), {Value(time), Value(time)});
  const auto rows = repo.query(
      "UPDATE phx_jobs SET state = 'executing', attempt = attempt + 1, locked_by = ?, locked_until = ? WHERE id IN (SELECT id FROM "
      "phx_jobs WHERE kind IN (" +
          kinds +
          ") AND ((state IN ('available', 'retryable') AND scheduled_at <= ?) OR "
          "(state = 'executing' AND locked_until <= ? AND attempt < max_attempts)) ORDER BY priority, scheduled_at, id LIMIT 1" +
          (repo.dialect() == Dialect::postgresql ? " FOR UPDATE SKIP LOCKED" : "") + ") RETURNING id",
      params, {Type::integer});
  return rows.empty() ? std::nullopt : repo.get<Job>(rows[0][0]);
}

/// Only as long as the attempt is still ours.
void JobWorker::Impl::finish(const Job& job, std::map<std::string, Value> values) {
  values["locked_by"] = nullptr;
  values["locked_until"] = nullptr;
  repo.update_all(from<Job>().where("id", job.id).where("attempt", job.attempt).where("locked_by", name).where("state", "executing"),
                  values);
}

void JobWorker::Impl::run(const Job& job) {
  std::string error;
  bool discard = job.attempt >= job.max_attempts;
  try {
    handlers.at(job.kind)(repo, job);
    return finish(job, {{"state", "completed"}, {"finished_at", now()}});
  } catch (const DiscardJob& why) {
    error = why.what();
    discard = true;
  } catch (const std::exception& why) { error = why.what(); } catch (...) {
    error = "an exception of unknown type";
  }
  if (discard) return finish(job, {{"state", "discarded"}, {"finished_at", now()}, {"last_error", error_text(error)}});
  finish(job,
         {{"state", "retryable"}, {"scheduled_at", now() + options.policy.delay(job.attempt, job.id)}, {"last_error", error_text(error)}});
}

std::size_t JobWorker::run_due() {
  impl_->discard_lost();
  std::size_t attempts = 0;
  while (!impl_->stopped()) {
    const auto job = impl_->claim();
    if (!job) break;
    impl_->run(*job);
    ++attempts;
  }
  return attempts;
}

void JobWorker::start() {
  if (impl_->thread.joinable()) throw std::logic_error("JobWorker::start: it runs already");
  impl_->stopping = false;
  impl_->thread = std::thread([this] {
    while (!impl_->stopped()) {
      try {
        run_due();
      } catch (const DatabaseError& error) {
        if (impl_->options.on_error) impl_->options.on_error(error.what());
      }
      std::unique_lock lock(impl_->mutex);
      impl_->changed.wait_for(lock, impl_->options.poll_interval, [this] { return impl_->stopping || impl_->woken; });
      impl_->woken = false;
    }
  });
}

void JobWorker::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void JobWorker::wake() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->woken = true;
  }
  impl_->changed.notify_all();
}

}  // namespace phx::store
