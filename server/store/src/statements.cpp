#include "statements.hpp"

namespace phx::store::detail {

namespace {

constexpr std::size_t kept_statements = 200;

template <class Make>
void bind(soci::statement& statement, Cell& cell, char kind, Make&& make) {
  cell.kind = kind;
  switch (kind) {
    case 'i': return statement.exchange(make(cell.integer));
    case 'd': return statement.exchange(make(cell.real));
    default: return statement.exchange(make(cell.text));
  }
}

}  // namespace

Prepared::Prepared(soci::session& session, const std::string& sql, std::string_view params, std::string_view columns) : statement(session) {
  for (const char kind : columns) {
    Cell& cell = out.emplace_back();
    bind(statement, cell, kind, [&](auto& place) { return soci::into(place, cell.state); });
  }
  const std::string unnamed;  // what use() gives back refers to its name until exchange() has taken it
  for (const char kind : params) {
    Cell& cell = in.emplace_back();
    bind(statement, cell, kind, [&](auto& place) { return soci::use(place, cell.state, unnamed); });
  }
  statement.alloc();
  statement.prepare(sql);
  statement.define_and_bind();
}

Prepared& Statements::get(const std::string& sql, const std::string& params, const std::string& columns) {
  const std::string key = params + '>' + columns + '>' + sql;
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return *found->second->second;
  }
  recent_.emplace_front(key, std::make_unique<Prepared>(session_, sql, params, columns));
  by_key_.emplace(key, recent_.begin());
  if (recent_.size() > kept_statements) {
    by_key_.erase(recent_.back().first);
    recent_.pop_back();
  }
  return *recent_.front().second;
}

void Statements::clear() {
  by_key_.clear();
  recent_.clear();
}

}  // namespace phx::store::detail
