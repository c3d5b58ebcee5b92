#pragma once

#include <string>
#include <thread>

#include <sys/types.h>

namespace phx::test {

/// A PostgreSQL server for this test process: made by initdb in a temporary folder, on a unix socket there, gone with the process. As root it runs
/// under the account "postgres", which Debian's package makes. Nothing is synced to disk unless `durable`.
class PostgresServer {
 public:
  /// Throws std::runtime_error with the server's log when it does not come up.
  explicit PostgresServer(bool durable = false);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// Connects to a database of this server; "postgres" is always there.
  std::string url(const std::string& database) const { return "postgresql:///" + database + "?host=" + folder_ + "&user=postgres"; }
  pid_t pid() const noexcept { return pid_; }

  /// The server of this process, started by the first call.
  static PostgresServer& shared();

 private:
  void run_initdb();
  void start(bool durable);
  void stop() noexcept;

  std::string folder_, binaries_;
  pid_t pid_ = -1;
  std::thread log_reader_;  // a full pipe would stop the server
};

}  // namespace phx::test
