#include <phx/testing/server_program.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <phx/core/json.hpp>

#include <csignal>
#include <stdexcept>
#include <system_error>

extern char** environ;

namespace phx::testing {
namespace {

std::string read_line(int fd) {
  std::string line;
  char c = 0;
  while (read(fd, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

pid_t spawn(const std::string& program, std::vector<std::string>& arguments, int out) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  std::string name = program;
  std::vector<char*> argv{name.data()};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), "cannot start " + program);
  return pid;
}

}  // namespace

ServerProgram::ServerProgram(const std::string& program, std::vector<std::string> arguments) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  try {
    pid_ = spawn(program, arguments, ends[1]);
  } catch (...) {
    close(ends[0]);
    close(ends[1]);
    throw;
  }
  close(ends[1]);
  const auto ready = parse_json(read_line(ends[0]));
  close(ends[0]);
  if (!ready || !ready->contains("listening")) {
    kill();
    throw std::runtime_error(program + " did not come up");
  }
  port_ = ready->at("listening").at("port").get<std::uint16_t>();
}

ServerProgram::~ServerProgram() {
  if (pid_ > 0) kill();
}

void ServerProgram::kill() {
  ::kill(pid_, SIGKILL);
  wait();
}

int ServerProgram::stop() {
  ::kill(pid_, SIGTERM);
  return wait();
}

int ServerProgram::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace phx::testing
