#include <phx/store/jobs.hpp>

#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

#include <phx/core/json.hpp>

#include "unit/store/store_case.hpp"

namespace phx::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class Jobs : public StoreCase {
 protected:
  Jobs() { Migrations({jobs_migration(1)}).up(repo); }
  JobWorkerOptions virtual_clock() {
    return {.clock = [this] { return now; }};
  }
  Job only() { return repo.all<Job>().at(0); }
};
ON_BOTH_DATABASES(Jobs);

TEST_P(Jobs, RunOnceInOrderOfPriorityAndTime) {
  enqueue(repo, "note", Json{{"n", 1}}, now);
  enqueue(repo, "note", Json{{"n", 2}}, now, {.priority = -1});
  enqueue(repo, "note", Json{{"n", 3}}, now, {.scheduled_at = now + 1min});
  std::vector<int> ran;
  JobWorker worker(repo, virtual_clock());
  worker.handle("note", [&](Repo&, const Job& job) { ran.push_back(job.args_json().at("n")); });
  EXPECT_EQ(worker.run_due(), 2u);
  EXPECT_THAT(ran, ElementsAre(2, 1));
  now += 59s;
  EXPECT_EQ(worker.run_due(), 0u);
  now += 1s;
  EXPECT_EQ(worker.run_due(), 1u);
  EXPECT_EQ(repo.count(from<Job>().where("state", "completed")), 3);
}

TEST_P(Jobs, FailuresAreTriedAgainLaterThenDiscarded) {
  enqueue(repo, "mail", Json::object(), now, {.max_attempts = 2});
  JobWorker worker(repo, virtual_clock());
  worker.handle("mail", [](Repo&, const Job&) { throw std::runtime_error("no route to host"); });
  EXPECT_EQ(worker.run_due(), 1u);
  const auto first = only();
  EXPECT_EQ(first.state, "retryable");
  EXPECT_EQ(first.last_error, "no route to host");
  EXPECT_EQ(first.scheduled_at, now + JobPolicy().delay(1, first.id));
  EXPECT_EQ(worker.run_due(), 0u);
  now = first.scheduled_at;
  EXPECT_EQ(worker.run_due(), 1u);
  EXPECT_EQ(only().state, "discarded");
  now += 24h;
  EXPECT_EQ(worker.run_due(), 0u);
}

TEST_P(Jobs, DiscardJobIsNeverTriedAgain) {
  enqueue(repo, "mail", Json::object(), now);
  JobWorker worker(repo, virtual_clock());
  worker.handle("mail", [](Repo&, const Job&) { throw DiscardJob("no such user"); });
  worker.run_due();
  EXPECT_EQ(only().state, "discarded");
  EXPECT_EQ(only().last_error, "no such user");
}

TEST_P(Jobs, UniqueOnesWaitOnce) {
  EXPECT_TRUE(enqueue(repo, "digest", Json::object(), now, {.unique_key = "digest:7"}));
  EXPECT_FALSE(enqueue(repo, "digest", Json::object(), now, {.unique_key = "digest:7"}));
  JobWorker worker(repo, virtual_clock());
  worker.handle("digest", [](Repo&, const Job&) {});
  EXPECT_EQ(worker.run_due(), 1u);
  EXPECT_TRUE(enqueue(repo, "digest", Json::object(), now, {.unique_key = "digest:7"}));
}

TEST_P(Jobs, ExistOnlyIfTheirTransactionCommits) {
  (void)repo.transaction([&](Repo& tx) -> tl::expected<int, int> {
    enqueue(tx, "mail", Json::object(), now);
    return tl::unexpected(1);
  });
  EXPECT_EQ(repo.count<Job>(), 0);
}

TEST_P(Jobs, AJobOfADeadWorkerGoesToAnotherAndTheDeadOneCannotFinishIt) {
  enqueue(repo, "mail", Json::object(), now);
  int runs = 0;
  JobWorker second(repo, virtual_clock());
  second.handle("mail", [&](Repo&, const Job&) { ++runs; });
  JobWorker first(repo, virtual_clock());
  first.handle("mail", [&](Repo&, const Job&) {  // falls silent: meanwhile the visibility timeout passes
    EXPECT_EQ(second.run_due(), 0u);
    now += JobPolicy().visibility;
    EXPECT_EQ(second.run_due(), 1u);
    throw std::runtime_error("came back too late");
  });
  EXPECT_EQ(first.run_due(), 1u);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(only().state, "completed");
  EXPECT_EQ(only().attempt, 2);
  EXPECT_EQ(only().last_error, std::nullopt);
}

TEST_P(Jobs, AWorkerThatDiesInTheLastAttemptLeavesADiscardedJob) {
  enqueue(repo, "mail", Json::object(), now, {.max_attempts = 1});
  repo.update_all(from<Job>(), {{"state", "executing"}, {"attempt", 1}, {"locked_until", now + 1s}, {"locked_by", "dead"}});
  JobWorker worker(repo, virtual_clock());
  worker.handle("mail", [](Repo&, const Job&) { FAIL() << "ran again"; });
  now += 1s;
  EXPECT_EQ(worker.run_due(), 0u);
  EXPECT_EQ(only().state, "discarded");
}

TEST_P(Jobs, OtherKindsAreLeftToOthers) {
  enqueue(repo, "mail", Json::object(), now);
  JobWorker worker(repo, virtual_clock());
  worker.handle("digest", [](Repo&, const Job&) {});
  EXPECT_EQ(worker.run_due(), 0u);
  EXPECT_EQ(only().state, "available");
}

TEST_P(Jobs, ManyWorkersShareThemWithoutDoingOneTwice) {
  for (int i = 0; i < 40; ++i) enqueue(repo, "note", Json{{"n", i}}, now);
  std::mutex mutex;
  std::multiset<int> ran;
  std::latch all(40);
  std::vector<std::unique_ptr<JobWorker>> workers;
  for (int i = 0; i < 4; ++i) {
    workers.push_back(std::make_unique<JobWorker>(repo, virtual_clock()));
    workers.back()->handle("note", [&](Repo&, const Job& job) {
      const std::lock_guard lock(mutex);
      ran.insert(job.args_json().at("n").get<int>());
      all.count_down();
    });
    workers.back()->start();
  }
  all.wait();
  workers.clear();
  EXPECT_EQ(ran.size(), 40u);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(ran.count(i), 1u) << i;
  EXPECT_EQ(repo.count(from<Job>().where("state", "completed")), 40);
}

TEST_P(Jobs, OldOnesArePruned) {
  enqueue(repo, "mail", Json::object(), now);
  JobWorker worker(repo, virtual_clock());
  worker.handle("mail", [](Repo&, const Job&) {});
  worker.run_due();
  EXPECT_EQ(prune_jobs(repo, now), 0);
  EXPECT_EQ(prune_jobs(repo, now + 1s), 1);
}

TEST(JobBackoff, DoublesUpToTheLongest) {
  const JobPolicy policy;
  const auto whole = [&](int attempt) { return std::chrono::duration_cast<std::chrono::seconds>(policy.delay(attempt, 0)); };
  EXPECT_GE(whole(1), 15s);
  EXPECT_LE(whole(1), 17s);
  EXPECT_GE(whole(3), 60s);
  EXPECT_GE(whole(60), 3600s);
  EXPECT_LE(whole(60), 3960s);
}

}  // namespace
}  // namespace phx::store
