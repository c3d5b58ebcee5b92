#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <phx/store/repo.hpp>
#include <phx/store/value.hpp>

#include "sql_error.hpp"

namespace phx::store::detail {

using Rows = std::vector<std::vector<Value>>;

struct Outcome {
  Rows rows;
  std::int64_t affected = 0;
};

/// One SOCI session with its prepared statements and the depth of its transaction. One thread at a time.
/// Statements throw SqlError; after one of kind connection the connection is broken.
class Connection {
 public:
  /// Throws DatabaseError when the database cannot be reached.
  static std::unique_ptr<Connection> open(const RepoOptions& options);
  virtual ~Connection() = default;

  /// A prepared statement (kept for the next time): parameters are :p1, :p2 ... in this order, each once; columns are the types of the result.
  virtual Outcome run(const std::string& sql, std::span<const Value> params, std::span<const Type> columns) = 0;
  /// Without parameters or rows.
  virtual void exec(const std::string& sql) = 0;
  /// False: lost; drop it.
  virtual bool alive() = 0;
  /// How a parameter is written.
  virtual std::string placeholder(std::size_t number, const Value& value) const = 0;
  /// Completes `error` with the name of a constraint that the database did not tell. table: where the row was to go or be deleted.
  virtual void name_constraint(SqlError& error, const SchemaView& schema, std::span<const Value> row, bool deleting) = 0;
  virtual Dialect dialect() const noexcept = 0;

  void begin();
  void commit();
  void rollback();
  int depth() const noexcept { return depth_; }

  std::vector<std::function<void()>> after_commit;  ///< of the outermost transaction

 private:
  int depth_ = 0;
};

std::string quote_identifier(std::string_view identifier);

}  // namespace phx::store::detail
