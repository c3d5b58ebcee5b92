#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace phx::testing {

/// A server program in a process of its own: one that prints {"listening":{"host","port"}} when it is ready. The destructor ends it.
class ServerProgram {
 public:
  /// Starts it and waits until it listens. Throws std::runtime_error when it does not come up.
  explicit ServerProgram(const std::string& program, std::vector<std::string> arguments = {"--port", "0"});
  ~ServerProgram();
  ServerProgram(const ServerProgram&) = delete;
  ServerProgram& operator=(const ServerProgram&) = delete;

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

/// A program that ends by itself: its exit code (128 and the signal that ended it) and what it wrote to stdout. Throws std::system_error when
/// it cannot be started.
struct Finished {
  int code = 0;
  std::string out;
};
Finished run_to_end(const std::string& program, std::vector<std::string> arguments);

}  // namespace phx::testing
