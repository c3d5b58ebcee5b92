#pragma once

#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include <phx/store/migration.hpp>
#include <phx/store/repo.hpp>
#include <phx/testing/matchers.hpp>
#include <phx/testing/way.hpp>

namespace phx::testing {

/// PHX_TEST_DATABASE (sqlite:PATH or postgresql://...), else sqlite::memory:.
store::RepoOptions test_database();

/// A database with its tables in place, to be kept for the whole run: `static const store::Repo repo = migrated(...)`.
store::Repo migrated(store::RepoOptions options, const store::Migrations& migrations);

namespace detail {
store::Repo open_sandbox(store::Repo database, const std::source_location& here);
[[noreturn]] void fail_refused(const store::ErrorMap& errors, const std::source_location& here);
Json check_refused(const store::ErrorMap& errors, const PayloadPattern& pattern, const std::source_location& here);
}  // namespace detail

/// Phoenix's DataCase, on top of any other case: each test has the database in a transaction of its own, which is rolled back when the
/// test has ended. Tests see neither what others wrote nor each other.
///
///     class AccountsTest : public phx::testing::DataCase<> {
///       store::Repo database() override {
///         static const store::Repo repo = migrated(test_database(), my_migrations());
///         return repo;
///       }
///     };
///     TEST_F(AccountsTest, EmailsAreUnique) {
///       assert_saved(repo().insert(User::changeset({}, obj("email", "ada@example.org"))));
///       assert_refused(repo().insert(User::changeset({}, obj("email", "ada@example.org"))), obj("email", {"has already been taken"}));
///     }
///
/// Give the application under test a copy of repo(): DataCase<ChannelCase>, DataCase<ConnCase>. Copies must end with the test. Transactions
/// inside are savepoints. With sqlite:PATH one process at a time.
template <class Case = ::testing::Test>
class DataCase : public Case {
 protected:
  using Location = std::source_location;

  /// A copy of the Repo that is kept for the run.
  virtual store::Repo database() = 0;

  /// This test's. A database that is out of reach or in use ends the test.
  store::Repo& repo(Location here = Location::current()) {
    if (!sandbox_) sandbox_.emplace(detail::open_sandbox(database(), here));
    return *sandbox_;
  }

  /// Field -> messages, newest first.
  static Json errors_on(const store::ChangesetBase& changeset) { return Json(changeset.errors()); }

  /// The record as it was saved; a refusal ends the test and says why.
  template <class T>
  static T assert_saved(store::Saved<T> saved, Location here = Location::current()) {
    if (!saved) detail::fail_refused(saved.error().errors(), here);
    return std::move(*saved);
  }
  /// The errors of a refusal, which fit the pattern; a record that was saved ends the test.
  template <class T>
  static Json assert_refused(const store::Saved<T>& saved, const PayloadPattern& errors = {}, Location here = Location::current()) {
    return detail::check_refused(saved ? store::ErrorMap() : saved.error().errors(), errors, here);
  }

 private:
  std::optional<store::Repo> sandbox_;
};

}  // namespace phx::testing
