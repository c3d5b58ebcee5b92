#include "pool.hpp"

#include <stdexcept>

#include <phx/server/shard_thread.hpp>

#include "postgresql.hpp"

namespace phx::store::detail {

namespace {

constexpr std::string_view memory_url = "sqlite::memory:";

Dialect dialect_of(const std::string& url) {
  if (url.starts_with("sqlite:")) return Dialect::sqlite;
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
    check_postgresql_url(url);
    return Dialect::postgresql;
  }
  throw std::invalid_argument("database URL must be sqlite:PATH, sqlite::memory: or postgresql://USER@HOST/DATABASE");
}

}  // namespace

Store::Store(RepoOptions options) : options_(std::move(options)), dialect_(dialect_of(options_.url)) {
  limit_ = options_.url == memory_url ? 1 : std::max<std::size_t>(1, options_.pool_size);
}

Store::Store(std::shared_ptr<Store> parent) : options_(parent->options_), dialect_(parent->dialect_), open_(1), limit_(1) {
  auto connection = parent->checkout();
  try {
    connection->begin();
  } catch (const SqlError& error) {
    parent->give_back(std::move(connection));
    error.raise();
  }
  parent_ = std::move(parent);
  idle_.push_back(std::move(connection));
}

Store::~Store() {
  if (!parent_) return;
  for (auto& connection : idle_) {
    try {
      while (connection->depth() > 0) connection->rollback();
    } catch (const SqlError&) { connection.reset(); }  // lost: the server has rolled back; the parent opens another
    parent_->give_back(std::move(connection));
  }
  if (idle_.empty()) parent_->give_back(nullptr);
}

Timestamp Store::now() const {
  if (options_.clock) return options_.clock();
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::unique_ptr<Connection> Store::open_one() {
  try {
    return Connection::open(options_);
  } catch (...) {
    give_back(nullptr);
    throw;
  }
}

std::unique_ptr<Connection> Store::checkout() {
  const auto deadline = std::chrono::steady_clock::now() + options_.checkout_timeout;
  std::unique_lock lock(mutex_);
  for (;;) {
    while (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection->alive()) return connection;
      --open_;
    }
    if (open_ < limit_ && !parent_) {
      ++open_;
      lock.unlock();
      return open_one();
    }
    if (open_ == 0) throw DatabaseError(DatabaseError::Kind::connection, "the connection of the sandbox was lost");
    if (freed_.wait_until(lock, deadline) == std::cv_status::timeout && idle_.empty() && open_ >= limit_)
      throw DatabaseError(DatabaseError::Kind::timeout,
                          "no database connection was free within the checkout timeout; inside a transaction use "
                          "the Repo it is given, else raise pool_size");
  }
}

void Store::give_back(std::unique_ptr<Connection> connection) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (connection && connection->alive() && connection->depth() == base_depth())
      idle_.push_back(std::move(connection));
    else
      --open_;
  }
  freed_.notify_one();
}

Lease::Lease(Store& store, Connection* bound) : store_(store), connection_(bound) {
  if (server::on_shard_thread())
    throw std::logic_error("a Repo blocks and was called on a shard's thread; use co_await socket.blocking([&] { ... })");
  if (bound) return;
  owned_ = store.checkout();
  connection_ = owned_.get();
}

Lease::~Lease() {
  if (owned_) store_.give_back(std::move(owned_));
}

}  // namespace phx::store::detail
