#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/store/repo.hpp>

namespace phx::store {

enum class OnDelete { restrict, cascade, nullify };

struct Column {
  std::string name;
  Type type = Type::text;
  bool null = false;
  bool primary_key = false;   ///< an integer key is given by the database, ascending, never twice
  std::string default_sql{};  ///< SQL as it stands: "0", "'open'"
  std::string references{};   ///< a table; the constraint is called `<table>_<column>_fkey`
  OnDelete on_delete = OnDelete::restrict;
};

struct IndexOptions {
  bool unique = false;
  std::string name{};   ///< empty: `<table>_<columns>_index`
  std::string where{};  ///< SQL: a partial index
};

/// What a migration may do. The same words make the tables of both databases.
class Migrator {
 public:
  Dialect dialect() const noexcept { return repo_.dialect(); }
  /// checks: name and SQL of CHECK constraints. A column of type integer and primary_key is the usual id.
  void create_table(std::string_view table, const std::vector<Column>& columns,
                    const std::vector<std::pair<std::string, std::string>>& checks = {});
  void drop_table(std::string_view table);
  /// On SQLite a column that must not be NULL needs a default.
  void add_column(std::string_view table, const Column& column);
  void drop_column(std::string_view table, std::string_view column);
  void create_index(std::string_view table, const std::vector<std::string>& columns, const IndexOptions& options = {});
  void drop_index(std::string_view name);
  /// One statement as it stands.
  void execute(std::string_view sql) { repo_.execute(sql); }
  /// For moving data. In the transaction of the migration.
  Repo& repo() noexcept { return repo_; }

 private:
  friend class Migrations;
  explicit Migrator(Repo& repo) : repo_(repo) {}
  std::string column_sql(std::string_view table, const Column& column) const;
  Repo& repo_;
};

struct Migration {
  std::int64_t version;  ///< 20240501120000, ascending
  std::string name;
  std::function<void(Migrator&)> up, down;  ///< without down it cannot be rolled back
};

struct MigrationStatus {
  std::int64_t version;
  std::string name;
  bool up;
};

/// The history of a database, kept in its table schema_migrations. Each migration runs in a transaction of its own that begins with a lock: any
/// number of programs may migrate at once, each migration runs once. A failing one is undone and its exception goes on, the ones before stay.
class Migrations {
 public:
  /// Throws std::invalid_argument for versions that are not ascending.
  explicit Migrations(std::vector<Migration> all);

  /// Runs what is missing, oldest first, up to `to`. Returns the versions run here.
  std::vector<std::int64_t> up(Repo& repo, std::int64_t to = INT64_MAX) const;
  /// Undoes the newest `steps`. Throws std::logic_error for one without down.
  std::vector<std::int64_t> down(Repo& repo, int steps = 1) const;
  std::vector<MigrationStatus> status(Repo& repo) const;

 private:
  std::vector<Migration> all_;
};

}  // namespace phx::store
