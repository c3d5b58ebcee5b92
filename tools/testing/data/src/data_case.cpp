#include <phx/testing/data_case.hpp>

#include <cstdlib>

namespace phx::testing {

store::RepoOptions test_database() {
  const char* url = std::getenv("PHX_TEST_DATABASE");
  return {.url = url && *url ? url : "sqlite::memory:"};
}

store::Repo migrated(store::RepoOptions options, const store::Migrations& migrations) {
  store::Repo repo(std::move(options));
  migrations.up(repo);
  return repo;
}

namespace detail {

store::Repo open_sandbox(store::Repo database, const std::source_location& here) {
  try {
    return database.sandbox();
  } catch (const store::DatabaseError& error) {
    const bool in_use = error.kind() == store::DatabaseError::Kind::timeout;
    fail_at(here,
            std::string("repo: ") + error.what() +
                (in_use ? "\nThe database of the tests is in use: a copy of an earlier test's repo() is still alive, or another process "
                          "writes to the same SQLite file"
                        : "\nThe database of the tests is out of reach: look at the URL of database() (PHX_TEST_DATABASE)"));
  }
}

void fail_refused(const store::ErrorMap& errors, const std::source_location& here) {
  fail_at(here, "assert_saved: the changeset was refused: " + preview(Json(errors)));
}

Json check_refused(const store::ErrorMap& errors, const PayloadPattern& pattern, const std::source_location& here) {
  if (errors.empty()) fail_at(here, "assert_refused: the record was saved");
  Json found(errors);
  if (const std::string why = pattern.explain(found); !why.empty())
    fail_at(here, "assert_refused: other errors than awaited: " + why + "\n  errors: " + preview(found));
  return found;
}

}  // namespace detail
}  // namespace phx::testing
