#include <phx/testing/server_program.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <phx/core/json.hpp>

#include <array>
#include <csignal>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace phx::testing {
namespace {

/// The stdout of a child: it has `in`, we read `out`.
struct Pipe {
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    out = ends[0];
    in = ends[1];
  }
  ~Pipe() {
    close_in();
    close(out);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_in() {
    if (in >= 0) close(in);
    in = -1;
  }
  int in = -1, out = -1;
};

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

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
  Pipe pipe;
  pid_ = spawn(program, arguments, pipe.in);
  pipe.close_in();
  const auto ready = parse_json(read_line(pipe.out));
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

int ServerProgram::wait() { return wait_for(std::exchange(pid_, -1)); }

Finished run_to_end(const std::string& program, std::vector<std::string> arguments) {
  Pipe pipe;
  const pid_t pid = spawn(program, arguments, pipe.in);
  pipe.close_in();
  Finished out;
  std::array<char, 65536> chunk;
  for (ssize_t n = 0; (n = read(pipe.out, chunk.data(), chunk.size())) > 0;) out.out.append(chunk.data(), static_cast<std::size_t>(n));
  out.code = wait_for(pid);
  return out;
}

}  // namespace phx::testing
