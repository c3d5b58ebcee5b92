#include "support/postgres_server.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace phx::test {

namespace {

struct Account {
  uid_t user;
  gid_t group;
};

/// PostgreSQL refuses to run as root.
Account account() {
  if (geteuid() != 0) return {geteuid(), getegid()};
  const passwd* entry = getpwnam("postgres");
  if (!entry) throw std::runtime_error("no account \"postgres\": install the package postgresql");
  return {entry->pw_uid, entry->pw_gid};
}

struct Child {
  pid_t pid;
  int output;
};

/// Starts a program under the account; its output comes through a pipe. It ends with this process.
Child spawn(const std::vector<std::string>& command, Account as, const std::string& folder) {
  std::vector<char*> argv;
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const pid_t pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    const bool dropped = geteuid() != 0 || (setgid(as.group) == 0 && setuid(as.user) == 0);
    if (dropped && prctl(PR_SET_PDEATHSIG, SIGQUIT) == 0 && chdir(folder.c_str()) == 0) execv(argv[0], argv.data());
    _exit(127);
  }
  close(ends[1]);
  return {pid, ends[0]};
}

/// Up to the end of output, or until `wanted` has been seen.
bool read_until(int fd, std::string& log, std::string_view wanted) {
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    log.append(buffer.data(), static_cast<std::size_t>(n));
    if (!wanted.empty() && log.find(wanted) != std::string::npos) return true;
  }
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  return status;
}

std::string find_binaries() {
  for (const char* version : {"15", "16", "17"})
    if (const auto folder = std::string("/usr/lib/postgresql/") + version + "/bin"; std::filesystem::exists(folder + "/initdb"))
      return folder;
  throw std::runtime_error("no PostgreSQL server below /usr/lib/postgresql: install the package postgresql");
}

}  // namespace

PostgresServer::PostgresServer(bool durable) : binaries_(find_binaries()) {
  std::string name = (std::filesystem::temp_directory_path() / "phxkit-pg-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::system_error(errno, std::generic_category(), name);
  folder_ = name;
  const auto as = account();
  if (chown(folder_.c_str(), as.user, as.group) != 0) throw std::system_error(errno, std::generic_category(), folder_);
  run_initdb();
  start(durable);
}

PostgresServer::~PostgresServer() {
  stop();
  std::error_code ignored;  // a folder left in /tmp is no failed test
  std::filesystem::remove_all(folder_, ignored);
}

void PostgresServer::run_initdb() {
  const auto child =
      spawn({binaries_ + "/initdb", "-D", folder_ + "/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"},
            account(), folder_);
  std::string log;
  read_until(child.output, log, {});
  close(child.output);
  if (wait_for(child.pid) != 0) throw std::runtime_error("initdb failed:\n" + log);
}

void PostgresServer::start(bool durable) {
  std::vector<std::string> command{binaries_ + "/postgres", "-D", folder_ + "/data", "-k", folder_};
  for (const char* setting : {"listen_addresses=", "max_connections=60", "shared_buffers=16MB", "autovacuum=off", "logging_collector=off"})
    command.insert(command.end(), {"-c", setting});
  if (!durable)
    for (const char* setting : {"fsync=off", "full_page_writes=off"}) command.insert(command.end(), {"-c", setting});
  const auto child = spawn(command, account(), folder_);
  pid_ = child.pid;
  std::string log;
  if (!read_until(child.output, log, "ready to accept connections")) {
    close(child.output);
    stop();
    throw std::runtime_error("PostgreSQL did not start:\n" + log);
  }
  log_reader_ = std::thread([fd = child.output] {
    std::string rest;
    read_until(fd, rest, {});
    close(fd);
  });
}

void PostgresServer::stop() noexcept {
  if (pid_ > 0) {
    kill(pid_, SIGQUIT);  // at once: the folder goes anyway
    wait_for(pid_);
    pid_ = -1;
  }
  if (log_reader_.joinable()) log_reader_.join();
}

PostgresServer& PostgresServer::shared() {
  static PostgresServer server;
  return server;
}

}  // namespace phx::test
