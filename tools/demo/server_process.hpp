#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace phx::demo {

/// A phx-server in a process of its own. The destructor ends it.
class ServerProcess {
 public:
  /// Starts it with these further arguments and waits until it listens; port 0 takes a free one. Throws std::runtime_error when it does not
  /// come up.
  ServerProcess(const std::string& program, std::uint16_t port, const std::vector<std::string>& arguments);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  pid_t pid() const noexcept { return pid_; }

  /// As a crash would: no goodbye.
  void kill();
  /// In good order; the exit code.
  int stop();

 private:
  int wait();
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace phx::demo
