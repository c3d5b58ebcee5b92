#include "connection.hpp"

#include "postgresql.hpp"
#include "sqlite.hpp"

namespace phx::store::detail {

std::string quote_identifier(std::string_view identifier) {
  std::string out = "\"";
  for (const char c : identifier) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

void SqlError::raise() const {
  if (kind != DatabaseError::Kind::constraint) throw DatabaseError(kind, message);
  if (!constraint) throw ConstraintError({}, message);
  throw ConstraintError(
      name, "constraint \"" + name + "\" refused the row (" + message + "); announce it in the changeset to get an error of a field");
}

std::unique_ptr<Connection> Connection::open(const RepoOptions& options) {
  return options.url.starts_with("sqlite:") ? open_sqlite(options) : open_postgresql(options);
}

void Connection::begin() {
  if (depth_ == 0)
    exec(dialect() == Dialect::sqlite ? "BEGIN IMMEDIATE" : "BEGIN");  // a lock taken late could only be refused
  else
    exec("SAVEPOINT phx_" + std::to_string(depth_));
  ++depth_;
}

void Connection::commit() {
  if (depth_ == 1)
    exec("COMMIT");
  else
    exec("RELEASE SAVEPOINT phx_" + std::to_string(depth_ - 1));
  --depth_;
}

void Connection::rollback() {
  --depth_;
  if (depth_ == 0) return exec("ROLLBACK");
  exec("ROLLBACK TO SAVEPOINT phx_" + std::to_string(depth_));
  exec("RELEASE SAVEPOINT phx_" + std::to_string(depth_));
}

}  // namespace phx::store::detail
