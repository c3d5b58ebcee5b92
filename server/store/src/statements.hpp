#pragma once

#include <soci/soci.h>

#include <deque>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

namespace phx::store::detail {

/// A bound parameter or result column. SOCI keeps pointers to it.
struct Cell {
  char kind = 's';  ///< 'i' integer, 'd' double, 's' anything else as text
  long long integer = 0;
  double real = 0;
  std::string text;
  soci::indicator state = soci::i_ok;
};

/// A SOCI statement with its buffers.
struct Prepared {
  Prepared(soci::session& session, const std::string& sql, std::string_view params, std::string_view columns);
  soci::statement statement;
  std::deque<Cell> in, out;
};

/// The prepared statements of one connection: the most recently used, at most 200. A kind per parameter and column is part of the key.
class Statements {
 public:
  explicit Statements(soci::session& session) : session_(session) {}
  Prepared& get(const std::string& sql, const std::string& params, const std::string& columns);
  void clear();

 private:
  soci::session& session_;
  std::list<std::pair<std::string, std::unique_ptr<Prepared>>> recent_;
  std::unordered_map<std::string, decltype(recent_)::iterator> by_key_;
};

}  // namespace phx::store::detail
