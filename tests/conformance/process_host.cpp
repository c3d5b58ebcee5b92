#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>

#include <phx/core/json.hpp>

#include "conformance/tcp_host.hpp"

extern char** environ;

namespace phx::conformance {

namespace {

// The first line of the program's stdout.
std::string first_line(int fd) {
  std::string line;
  char c = 0;
  while (::read(fd, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

std::uint16_t port_of(const std::string& line) {
  const auto ready = parse_json(line);
  if (!ready || !ready->contains("listening")) throw std::runtime_error("fixture_server does not listen, it says: " + line);
  return ready->at("listening").at("port").get<std::uint16_t>();
}

}  // namespace

ProcessHost::ProcessHost(const char* program) : TcpHost(0) {
  std::array<int, 2> out{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::string name = program;
  std::string flag = "--port";
  std::string port = "0";
  const std::array<char*, 4> arguments{name.data(), flag.data(), port.data(), nullptr};
  const int failed = ::posix_spawn(&pid_, program, &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  const std::string line = failed == 0 ? first_line(out[0]) : "";
  ::close(out[0]);
  port_ = port_of(line);
}

ProcessHost::~ProcessHost() {
  if (pid_ > 0) terminate();
}

int ProcessHost::terminate() {
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace phx::conformance
