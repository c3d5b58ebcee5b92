#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <phx/core/error.hpp>
#include <phx/store/changeset.hpp>
#include <phx/store/errors.hpp>
#include <phx/store/query.hpp>

namespace phx::store {

namespace detail {
class Connection;
class Store;
class Lease;
template <class R>
inline constexpr bool is_expected = false;
template <class V, class E>
inline constexpr bool is_expected<tl::expected<V, E>> = true;
}  // namespace detail

enum class Dialect { sqlite, postgresql };

struct RepoOptions {
  std::string url;                                      ///< sqlite:PATH, sqlite::memory: or `postgresql://USER@HOST/DATABASE`
  std::size_t pool_size = 5;                            ///< connections, opened when needed; a memory database has one
  std::chrono::milliseconds statement_timeout{15'000};  ///< of one statement, waiting for locks included; 0: none
  std::chrono::milliseconds checkout_timeout{5'000};    ///< waiting for a free connection
  std::function<Timestamp()> clock{};                   ///< for inserted_at and updated_at; empty: the system's
};

template <class T>
concept Record = requires { T::schema(); };

/// The record as the database has it, or the changeset with its errors.
template <class T>
using Saved = tl::expected<T, Changeset<T>>;

/// Ecto's Repo on SQLite and PostgreSQL. A handle: copies share one pool; from any thread.
///
/// Every call blocks. On a shard's thread it throws std::logic_error: say `co_await socket.blocking([&] { return repo.get<User>(7); })`.
/// Failures of the database throw DatabaseError; refusals of a changeset are values. All values travel as bound parameters.
class Repo {
 public:
  /// Opens no connection yet. Throws std::invalid_argument for a URL it does not know.
  explicit Repo(RepoOptions options);

  Dialect dialect() const noexcept;

  template <Record T>
  Saved<T> insert(Changeset<T> changeset) {
    return save(std::move(changeset), Action::insert);
  }
  /// Writes the changes only; nothing changed is nothing done. Throws StaleEntryError.
  template <Record T>
  Saved<T> update(Changeset<T> changeset) {
    return save(std::move(changeset), Action::update);
  }
  /// Ecto's delete. Throws StaleEntryError when the row is gone.
  template <Record T>
  Saved<T> remove(Changeset<T> changeset) {
    return save(std::move(changeset), Action::remove);
  }
  /// Records without a changeset: any refusal throws.
  template <Record T>
  T insert(T record) {
    return std::move(*insert(Changeset<T>(std::move(record))));
  }
  template <Record T>
  void remove(const T& record) {
    (void)remove(Changeset<T>(record));
  }
  /// Inserts unless a row is in the way (unique constraint); false: one was.
  template <Record T>
  bool insert_or_ignore(T record) {
    return insert_ignoring(Changeset<T>(std::move(record)));
  }

  template <Record T>
  std::optional<T> get(const Value& id) {
    return one(from<T>().where(primary_key(schema_of<T>()), id));
  }
  template <Record T>
  std::optional<T> get_by(const std::vector<std::pair<std::string, Value>>& fields) {
    auto query = from<T>();
    for (const auto& [field, value] : fields) query.where(field, value);
    return one(query);
  }
  template <Record T>
  std::vector<T> all(const Query<T>& query = {}) {
    std::vector<T> out;
    for (const auto& row : select(query.plan())) out.push_back(load<T>(row));
    return out;
  }
  template <Record T>
  std::optional<T> first(Query<T> query) {
    auto found = all(query.limit(1));
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
  }
  /// Throws DatabaseError when there is more than one.
  template <Record T>
  std::optional<T> one(Query<T> query) {
    auto found = all(query.limit(2));
    if (found.size() > 1) more_than_one(schema_of<T>());
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
  }
  template <Record T>
  bool exists(const Query<T>& query) {
    return any_row(query.plan());
  }
  template <Record T>
  std::int64_t count(const Query<T>& query = {}) {
    return count_rows(query.plan());
  }
  /// One page in the order of the query; the primary key is appended to the order. Fields of the order must not be nullable.
  /// Fails with std::errc::invalid_argument for a cursor that is not one of this order (a client's mistake).
  template <Record T>
  Result<Page<T>> page(const Query<T>& query, const PageOptions& options = {}) {
    auto rows = page_rows(query.plan(), options);
    if (!rows) return tl::unexpected(rows.error());
    Page<T> out{{}, std::move(rows->start_cursor), std::move(rows->end_cursor), rows->has_next};
    for (const auto& row : rows->entries) out.entries.push_back(load<T>(row));
    return out;
  }
  /// set: new values; add: what is added to numbers. No timestamps, no validation. Returns the number of rows.
  template <Record T>
  std::int64_t update_all(const Query<T>& query, const std::map<std::string, Value>& set, const std::map<std::string, Value>& add = {}) {
    return update_rows(query.plan(), set, add);
  }
  template <Record T>
  std::int64_t delete_all(const Query<T>& query) {
    return delete_rows(query.plan());
  }

  /// SQL of your own; each '?' outside quotes is one parameter. Returns rows of columns of these types.
  std::vector<std::vector<Value>> query(std::string_view sql, const std::vector<Value>& params, const std::vector<Type>& columns);
  /// Returns the number of rows changed.
  std::int64_t execute(std::string_view sql, const std::vector<Value>& params = {});

  /// f(Repo& tx): all or nothing; use tx inside, not the outer Repo (that is another connection). An exception rolls back and goes on; so does,
  /// without exception, a tl::expected without value. Inside a transaction it is a savepoint.
  /// With constraints announced, a refused changeset leaves the transaction usable on both databases.
  template <class F>
  std::invoke_result_t<F&, Repo&> transaction(F&& f) {
    using R = std::invoke_result_t<F&, Repo&>;
    if constexpr (std::is_void_v<R>) {
      run_transaction([&](Repo& tx) { return f(tx), true; });
    } else {
      std::optional<R> result;
      run_transaction([&](Repo& tx) {
        result.emplace(f(tx));
        if constexpr (detail::is_expected<R>) return result->has_value();
        return true;
      });
      return std::move(*result);
    }
  }
  /// Runs `work` once the outermost transaction has committed, at once outside of one, never after a rollback: broadcasts belong here.
  void after_commit(std::function<void()> work);

  /// For tests: a Repo on one connection in a transaction that is rolled back when the last copy is gone; transactions inside are savepoints.
  /// From any thread, one call at a time. On a SQLite file it keeps the write lock.
  Repo sandbox();

 private:
  friend class Migrator;
  struct RawPage {
    std::vector<std::vector<Value>> entries;
    std::optional<std::string> start_cursor, end_cursor;
    bool has_next = false;
  };
  Repo(std::shared_ptr<detail::Store> store, detail::Connection* bound);

  template <Record T>
  Saved<T> save(Changeset<T> changeset, Action action) {
    const auto row = write(changeset, action);
    if (!row) return tl::unexpected(std::move(changeset));
    T out = changeset.apply_changes();
    fill(out, *row);
    return out;
  }
  template <Record T>
  static T load(const std::vector<Value>& row) {
    T out{};
    fill(out, row);
    return out;
  }
  template <Record T>
  static void fill(T& out, const std::vector<Value>& row) {
    auto value = row.begin();
    for (const auto& field : schema_of<T>().fields)
      if (field.persisted() && value != row.end()) field.set(&out, *value++);
  }

  /// The row as written (persisted fields, in the order of the schema; empty after a delete); nullopt: refused, the changeset says why.
  std::optional<std::vector<Value>> write(ChangesetBase& changeset, Action action);
  bool insert_ignoring(const ChangesetBase& changeset);
  std::vector<std::vector<Value>> select(const QueryPlan& plan);
  bool any_row(const QueryPlan& plan);
  std::int64_t count_rows(const QueryPlan& plan);
  Result<RawPage> page_rows(QueryPlan plan, const PageOptions& options);
  std::int64_t update_rows(const QueryPlan& plan, const std::map<std::string, Value>& set, const std::map<std::string, Value>& add);
  std::int64_t delete_rows(const QueryPlan& plan);
  void run_transaction(const std::function<bool(Repo&)>& work);
  static std::string primary_key(const SchemaView& schema);
  [[noreturn]] static void more_than_one(const SchemaView& schema);

  std::shared_ptr<detail::Store> store_;
  detail::Connection* bound_ = nullptr;  // of the transaction this handle stands for
};

}  // namespace phx::store
