// Issue 6, point 1: DataCase isolates each test in a transaction. On SQLite in memory, SQLite in a file, and PostgreSQL.
#include <phx/server/controller.hpp>
#include <phx/server/plugs.hpp>
#include <phx/server/router.hpp>
#include <phx/testing/conn_case.hpp>
#include <phx/testing/data_case.hpp>

#include <cstdlib>
#include <filesystem>

#include "failure_of.hpp"
#include "support/postgres_server.hpp"

namespace phx::testing {
namespace {

using ::testing::HasSubstr;

struct Note {
  std::int64_t id = 0;
  std::string text;

  static constexpr auto schema() {
    return store::schema("notes", store::field<&Note::id>("id", store::Role::primary_key), store::field<&Note::text>("text"));
  }
  static store::Changeset<Note> changeset(const Json& params) {
    return store::cast(Note{}, params, {"text"}).validate_required({"text"}).unique_constraint("text");
  }
};

void create_notes(store::Migrator& m) {
  m.create_table("notes", {{.name = "id", .type = store::Type::integer, .primary_key = true}, {.name = "text"}});
  m.create_index("notes", {"text"}, {.unique = true});
}

store::Migrations migrations() { return store::Migrations({{.version = 1, .name = "create notes", .up = create_notes, .down = nullptr}}); }

enum class Kind { memory, file, postgresql };

/// A new database per process and kind, as a user keeps one.
store::Repo open(Kind kind) {
  switch (kind) {
    case Kind::memory: break;
    case Kind::file: {
      const auto path = std::filesystem::path(::testing::TempDir()) / "phx-data-case.db";
      for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
      return migrated({.url = "sqlite:" + path.string()}, migrations());
    }
    case Kind::postgresql:
      store::Repo({.url = phx::test::PostgresServer::shared().url("postgres")}).execute("CREATE DATABASE data_case");
      return migrated({.url = phx::test::PostgresServer::shared().url("data_case")}, migrations());
  }
  return migrated({.url = "sqlite::memory:", .checkout_timeout = std::chrono::milliseconds(20)}, migrations());
}

store::Repo kept(Kind kind) {
  static std::map<Kind, store::Repo> all;
  const auto known = all.find(kind);
  return known != all.end() ? known->second : all.emplace(kind, open(kind)).first->second;
}

template <class Case = ::testing::Test>
class NotesCase : public DataCase<Case>, public ::testing::WithParamInterface<Kind> {
 protected:
  store::Repo database() override { return kept(GetParam()); }
  auto insert(const char* text) { return this->repo().insert(Note::changeset(obj("text", text))); }
};

std::string kind_name(const ::testing::TestParamInfo<Kind>& in) {
  static constexpr const char* names[] = {"memory", "file", "postgresql"};
  return names[static_cast<std::size_t>(in.param)];
}
const auto all_kinds = ::testing::Values(Kind::memory, Kind::file, Kind::postgresql);

class NotesTest : public NotesCase<> {};
INSTANTIATE_TEST_SUITE_P(On, NotesTest, all_kinds, kind_name);

// The same text twice, in two tests: neither sees the other's, whatever order they run in.
TEST_P(NotesTest, SeesNothingOfOtherTestsOne) {
  EXPECT_EQ(repo().count<Note>(), 0);
  assert_saved(insert("hello"));
  EXPECT_EQ(repo().count<Note>(), 1);
}
TEST_P(NotesTest, SeesNothingOfOtherTestsTwo) {
  EXPECT_EQ(repo().count<Note>(), 0);
  assert_saved(insert("hello"));
}

TEST_P(NotesTest, TransactionsInsideCommitAndRollBack) {
  repo().transaction([&](store::Repo& tx) { tx.insert(Note{.text = "kept"}); });
  EXPECT_THROW(repo().transaction([&](store::Repo& tx) {
    tx.insert(Note{.text = "undone"});
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(repo().count<Note>(), 1);
}

TEST_P(NotesTest, AssertSavedFailsWithTheErrors) {
  EXPECT_EQ(assert_saved(insert("hello")).text, "hello");
  const int line = __LINE__ + 1;
  const auto failure = failure_of([&] { assert_saved(insert("hello")); });
  EXPECT_EQ(failure.line, line);
  EXPECT_THAT(failure.message, HasSubstr(R"(assert_saved: the changeset was refused: {"text":["has already been taken"]})"));
}

TEST_P(NotesTest, AssertRefusedFailsForOtherErrorsAndForNone) {
  const Json blank = obj("text", Json::array({"can't be blank"}));
  EXPECT_EQ(assert_refused(insert(""), blank), blank);
  EXPECT_EQ(errors_on(Note::changeset(obj())), blank);
  EXPECT_THAT(failure_of([&] { assert_refused(insert(""), obj("text", Json::array({"is too long"}))); }).message,
              HasSubstr(R"(other errors than awaited: /text/0: expected "is too long", got "can't be blank")"));
  EXPECT_THAT(failure_of([&] { assert_refused(insert("hello")); }).message, HasSubstr("assert_refused: the record was saved"));
}

/// With a server: what a request writes is in the test's transaction, too.
class NotesApiTest : public NotesCase<ConnCase> {
 protected:
  Way way() const override { return {.where = Where::loopback}; }
  Application application() override {
    server::Router router;
    router.post("/notes", [repo = repo()](server::Conn& conn) mutable -> server::ActionResult {
      const Json params = conn.params();
      const auto saved = co_await conn.blocking([&] { return repo.insert(Note::changeset(params)); });
      if (!saved) {
        const auto errors = saved.error().errors();
        server::FieldErrors fields(errors.begin(), errors.end());
        co_return server::Invalid{std::move(fields)};
      }
      co_return server::json(conn, 201, obj("id", saved->id));
    });
    return {.plugs = {server::plug::parsers(), router.plug()}};
  }
};
INSTANTIATE_TEST_SUITE_P(On, NotesApiTest, all_kinds, kind_name);

TEST_P(NotesApiTest, RequestsWriteIntoTheTransactionOfTheTest) {
  EXPECT_EQ(repo().count<Note>(), 0);
  const Json made = json_response(post(build_conn(), "/notes", obj("text", "by http")), 201);
  EXPECT_EQ(repo().get<Note>(made["id"].get<std::int64_t>())->text, "by http");
  const Json errors = json_response(post(build_conn(), "/notes", obj("text", "by http")), 422);
  EXPECT_THAT(errors, HasSubset(obj("errors", obj("text", Json::array({"has already been taken"})))));
}

class OutOfReach : public DataCase<> {
 public:
  void TestBody() override {}
  store::Repo database() override { return store::Repo(options); }
  using DataCase::repo;
  store::RepoOptions options;
};

TEST(DataCase, SaysThatTheDatabaseIsOutOfReach) {
  OutOfReach test;
  test.options.url = "postgresql:///nowhere?host=/nonexistent";
  const auto failure = failure_of([&] { test.repo(); });
  EXPECT_THAT(failure.message, HasSubstr("out of reach: look at the URL of database() (PHX_TEST_DATABASE)"));
}

// A copy that outlives its test would share its transaction with the next one.
TEST(DataCase, SaysThatACopyOfAnEarlierTestIsAlive) {
  const store::Repo leaked = kept(Kind::memory).sandbox();
  class Next : public OutOfReach {
    store::Repo database() override { return kept(Kind::memory); }
  } next;
  EXPECT_THAT(failure_of([&] { next.repo(); }).message, HasSubstr("a copy of an earlier test's repo() is still alive"));
}

TEST(DataCase, TheEnvironmentNamesTheDatabase) {
  unsetenv("PHX_TEST_DATABASE");
  EXPECT_EQ(test_database().url, "sqlite::memory:");
  setenv("PHX_TEST_DATABASE", "postgresql:///tests", 1);
  EXPECT_EQ(test_database().url, "postgresql:///tests");
  unsetenv("PHX_TEST_DATABASE");
}

}  // namespace
}  // namespace phx::testing
