#include "sqlite.hpp"

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <chrono>
#include <cmath>

#include "sqlite_constraints.hpp"
#include "statements.hpp"

namespace phx::store::detail {

namespace {

using Clock = std::chrono::steady_clock;

char cell_kind(Type type) {
  switch (type) {
    case Type::integer:
    case Type::boolean: return 'i';
    case Type::real: return 'd';
    case Type::text:
    case Type::timestamp:
    case Type::json:
    case Type::blob: return 's';
  }
  return 's';
}

/// Fills a cell; the kind it needs.
char fill_cell(Cell& cell, const Value& value) {
  cell.state = soci::i_ok;
  if (value.is_null()) return cell.state = soci::i_null, 's';
  if (const auto* number = value.get_if<std::int64_t>()) return cell.integer = *number, 'i';
  if (const auto* flag = value.get_if<bool>()) return cell.integer = *flag, 'i';
  if (const auto* real = value.get_if<double>()) return cell.real = *real, 'd';
  if (const auto* text = value.get_if<std::string>()) return cell.text = *text, 's';
  if (const auto* time = value.get_if<Timestamp>()) return cell.text = format_timestamp(*time), 's';
  if (const auto* json = value.get_if<JsonText>()) return cell.text = json->text, 's';
  return cell.text = value.get_if<Blob>()->bytes, 's';
}

Value read(const Cell& cell, Type type) {
  if (cell.state == soci::i_null) return {};
  switch (type) {
    case Type::integer: return std::int64_t{cell.integer};
    case Type::boolean: return cell.integer != 0;
    case Type::real: return cell.real;
    case Type::text: return cell.text;
    case Type::json: return JsonText{cell.text};
    case Type::blob: return Blob{cell.text};
    case Type::timestamp: break;
  }
  const auto time = parse_timestamp(cell.text);
  if (!time) throw SqlError{DatabaseError::Kind::statement, "a timestamp column holds something else", {}, {}, {}, {}};
  return *time;
}

class SqliteConnection final : public Connection {
 public:
  explicit SqliteConnection(const RepoOptions& options, const std::string& path)
      : session_(soci::sqlite3, "dbname=\"" + path + "\""),
        raw_(static_cast<soci::sqlite3_session_backend*>(session_.get_backend())->conn_),
        statements_(session_),
        timeout_(options.statement_timeout) {
    sqlite_api::sqlite3_progress_handler(raw_, 4000, &SqliteConnection::out_of_time, this);
    sqlite_api::sqlite3_busy_timeout(raw_, static_cast<int>(options.statement_timeout.count()));
    for (const char* pragma :
         {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON", "PRAGMA case_sensitive_like=ON"})
      exec(pragma);
  }
  ~SqliteConnection() override { statements_.clear(); }

  Outcome run(const std::string& sql, std::span<const Value> params, std::span<const Type> columns) override {
    return guarded([&] {
      Cell cell;
      std::string in, out;
      for (const auto& value : params) in += fill_cell(cell, value);
      for (const Type type : columns) out += cell_kind(type);
      Prepared& prepared = statements_.get(sql, in, out);
      for (std::size_t i = 0; i < params.size(); ++i) fill_cell(prepared.in[i], params[i]);
      Outcome outcome;
      Finished finished{prepared};
      for (bool got = prepared.statement.execute(true); got && !columns.empty(); got = prepared.statement.fetch()) {
        auto& row = outcome.rows.emplace_back();
        row.reserve(columns.size());
        for (std::size_t i = 0; i < columns.size(); ++i) row.push_back(read(prepared.out[i], columns[i]));
      }
      outcome.affected = sqlite_api::sqlite3_changes(raw_);
      return outcome;
    });
  }

  void exec(const std::string& sql) override {
    guarded([&] {
      session_.once << sql;
      return 0;
    });
  }

  bool alive() override { return true; }
  Dialect dialect() const noexcept override { return Dialect::sqlite; }
  std::string placeholder(std::size_t number, const Value& value) const override {
    const std::string name = ":p" + std::to_string(number);
    return value.get_if<Blob>() ? "CAST(" + name + " AS BLOB)" : name;  // SOCI would bind an empty blob as NULL
  }
  void name_constraint(SqlError& error, const SchemaView& schema, std::span<const Value> row, bool deleting) override {
    if (error.constraint == ConstraintKind::unique && error.name.empty())
      error.name = sqlite_unique_name(*this, error.table, error.columns);
    if (error.constraint == ConstraintKind::foreign_key) error.name = sqlite_foreign_key_name(*this, schema, row, deleting);
  }

 private:
  /// An open cursor would hold its read lock.
  struct Finished {
    Prepared& prepared;
    ~Finished() { sqlite_api::sqlite3_reset(static_cast<soci::sqlite3_statement_backend*>(prepared.statement.get_backend())->stmt_); }
  };

  static int out_of_time(void* self) { return Clock::now() >= static_cast<SqliteConnection*>(self)->deadline_; }

  template <class F>
  std::invoke_result_t<F&> guarded(F&& work) {
    deadline_ = timeout_.count() > 0 ? Clock::now() + timeout_ : Clock::time_point::max();
    try {
      return work();
    } catch (const soci::soci_error&) { throw sqlite_error(sqlite_api::sqlite3_extended_errcode(raw_), sqlite_api::sqlite3_errmsg(raw_)); }
  }

  soci::session session_;
  sqlite_api::sqlite3* raw_;
  Statements statements_;
  std::chrono::milliseconds timeout_;
  Clock::time_point deadline_ = Clock::time_point::max();
};

}  // namespace

std::unique_ptr<Connection> open_sqlite(const RepoOptions& options) {
  const std::string path = options.url.substr(std::string_view("sqlite:").size());
  if (path.empty() || path.find('"') != std::string::npos) throw std::invalid_argument("sqlite: needs a path without quotes, or :memory:");
  try {
    return std::make_unique<SqliteConnection>(options, path);
  } catch (const soci::soci_error& error) {
    throw DatabaseError(DatabaseError::Kind::connection, "cannot open the SQLite database " + path + ": " + error.get_error_message());
  } catch (const SqlError& error) {
    throw DatabaseError(DatabaseError::Kind::connection, "cannot open the SQLite database " + path + ": " + error.message);
  }
}

}  // namespace phx::store::detail
