#include "postgresql.hpp"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include <poll.h>

#include <charconv>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "statements.hpp"

namespace phx::store::detail {

namespace {

using Kind = DatabaseError::Kind;

constexpr std::string_view hex_digits = "0123456789abcdef";

std::string to_bytea(std::string_view bytes) {
  std::string out = "\\x";
  for (const char c : bytes) {
    out += hex_digits[static_cast<unsigned char>(c) >> 4];
    out += hex_digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string from_bytea(std::string_view text) {
  std::string out;
  for (std::size_t i = 2; i + 1 < text.size(); i += 2)
    out += static_cast<char>(hex_digits.find(text[i]) << 4 | hex_digits.find(text[i + 1]));
  return out;
}

template <class Number>
std::string number_text(Number number) {
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr};
}

/// PostgreSQL infers the type of each parameter from where it stands, so all go as text.
void fill(Cell& cell, const Value& value) {
  cell.state = value.is_null() ? soci::i_null : soci::i_ok;
  if (const auto* number = value.get_if<std::int64_t>()) cell.text = number_text(*number);
  if (const auto* flag = value.get_if<bool>()) cell.text = *flag ? "t" : "f";
  if (const auto* real = value.get_if<double>()) cell.text = number_text(*real);
  if (const auto* text = value.get_if<std::string>()) cell.text = *text;
  if (const auto* time = value.get_if<Timestamp>()) cell.text = format_timestamp(*time);
  if (const auto* json = value.get_if<JsonText>()) cell.text = json->text;
  if (const auto* blob = value.get_if<Blob>()) cell.text = to_bytea(blob->bytes);
}

template <class Number>
Value read_number(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    throw SqlError{Kind::statement, "a number column holds something else, or a number out of range", {}, {}, {}, {}};
  return number;
}

Value read(const Cell& cell, Type type) {
  if (cell.state == soci::i_null) return {};
  switch (type) {
    case Type::integer: return read_number<std::int64_t>(cell.text);
    case Type::real: return read_number<double>(cell.text);
    case Type::boolean: return cell.text == "t";
    case Type::text: return cell.text;
    case Type::json: return JsonText{cell.text};
    case Type::blob: return Blob{from_bytea(cell.text)};
    case Type::timestamp: break;
  }
  const auto time = parse_timestamp(cell.text);
  if (!time) throw SqlError{Kind::statement, "a timestamp column holds something else", {}, {}, {}, {}};
  return *time;
}

std::string error_field(const PGresult* result, int field) {
  const char* text = result ? PQresultErrorField(result, field) : nullptr;
  return text ? text : "";
}

SqlError to_error(const std::string& state, std::string message, std::string constraint) {
  SqlError error{Kind::statement, std::move(message), {}, {}, {}, {}};
  if (state.starts_with("23")) error.kind = Kind::constraint;
  if (state == "23505") error.constraint = ConstraintKind::unique;
  if (state == "23503" || state == "23001") error.constraint = ConstraintKind::foreign_key;
  if (state == "23514" || state == "23P01") error.constraint = ConstraintKind::check;
  if (state == "57014" || state == "55P03") error.kind = Kind::timeout;
  if (state.starts_with("40")) error.kind = Kind::serialization;
  if (state.starts_with("08") || state.starts_with("57P")) error.kind = Kind::connection;
  error.name = std::move(constraint);
  return error;
}

class PostgresqlConnection final : public Connection {
 public:
  explicit PostgresqlConnection(const RepoOptions& options)
      : session_(soci::postgresql, options.url),
        raw_(static_cast<soci::postgresql_session_backend*>(session_.get_backend())->conn_),
        statements_(session_) {
    exec("SET client_min_messages = warning");
    exec("SET client_encoding = 'UTF8'");
    exec("SET timezone = 'UTC'");
    exec("SET datestyle = 'ISO'");
    exec("SET bytea_output = 'hex'");
    exec("SET extra_float_digits = 1");
    exec("SET statement_timeout = " + std::to_string(options.statement_timeout.count()));
  }
  ~PostgresqlConnection() override { statements_.clear(); }

  Outcome run(const std::string& sql, std::span<const Value> params, std::span<const Type> columns) override {
    Prepared* prepared = nullptr;
    try {
      prepared = &statements_.get(sql, std::string(params.size(), 's'), std::string(columns.size(), 's'));
      for (std::size_t i = 0; i < params.size(); ++i) fill(prepared->in[i], params[i]);
      Outcome outcome;
      bool got = prepared->statement.execute(true);
      outcome.affected = prepared->statement.get_affected_rows();
      for (; got && !columns.empty(); got = prepared->statement.fetch()) {
        auto& row = outcome.rows.emplace_back();
        for (std::size_t i = 0; i < columns.size(); ++i) row.push_back(read(prepared->out[i], columns[i]));
      }
      return outcome;
    } catch (const soci::soci_error& error) {
      const auto* backend = prepared ? static_cast<soci::postgresql_statement_backend*>(prepared->statement.get_backend()) : nullptr;
      throw failure(error, backend ? static_cast<const PGresult*>(backend->result_) : nullptr);
    }
  }

  void exec(const std::string& sql) override {
    try {
      session_.once << sql;
    } catch (const soci::soci_error& error) { throw failure(error, nullptr); }
  }

  /// Says so of a server that went away while the connection was idle, without asking it.
  bool alive() override {
    pollfd readable{PQsocket(raw_), POLLIN, 0};
    if (poll(&readable, 1, 0) > 0) PQconsumeInput(raw_);
    return PQstatus(raw_) == CONNECTION_OK;
  }
  Dialect dialect() const noexcept override { return Dialect::postgresql; }
  std::string placeholder(std::size_t number, const Value&) const override { return ":p" + std::to_string(number); }
  void name_constraint(SqlError&, const SchemaView&, std::span<const Value>, bool) override {}  // PostgreSQL tells it

 private:
  /// The text of `error` shows parameters; PostgreSQL's primary message does not.
  SqlError failure(const soci::soci_error& error, const PGresult* result) {
    if (PQstatus(raw_) != CONNECTION_OK) return {Kind::connection, "the connection to PostgreSQL was lost", {}, {}, {}, {}};
    const auto* known = dynamic_cast<const soci::postgresql_soci_error*>(&error);
    auto message = error_field(result, PG_DIAG_MESSAGE_PRIMARY);
    if (message.empty()) message = PQerrorMessage(raw_);
    return to_error(known ? known->sqlstate() : "", std::move(message), error_field(result, PG_DIAG_CONSTRAINT_NAME));
  }

  soci::session session_;
  PGconn* raw_;
  Statements statements_;
};

}  // namespace

void check_postgresql_url(const std::string& url) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parts(PQconninfoParse(url.c_str(), nullptr), &PQconninfoFree);
  bool good = parts != nullptr;
  for (const auto* part = parts.get(); good && part->keyword; ++part) {
    const std::string_view keyword = part->keyword, value = part->val ? part->val : "";
    if (keyword == "host" || keyword == "hostaddr") good = value.find('@', 1) == value.npos;  // else the end of a password
    if (keyword == "port") good = value.find_first_not_of("0123456789,") == value.npos;       // else its beginning
  }
  if (!good)
    throw std::invalid_argument(
        "database URL must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE?NAME=VALUE with special characters written as %40");
}

std::unique_ptr<Connection> open_postgresql(const RepoOptions& options) {
  try {
    return std::make_unique<PostgresqlConnection>(options);
  } catch (const soci::soci_error& error) {
    throw DatabaseError(Kind::connection, error.get_error_message());
  } catch (const SqlError& error) { throw DatabaseError(Kind::connection, error.message); }
}

}  // namespace phx::store::detail
