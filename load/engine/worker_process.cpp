#include "engine/worker_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <phx/core/json.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <system_error>

#include "engine/run.hpp"
#include "engine/shard.hpp"

namespace phx::load {

using namespace std::chrono_literals;

namespace {

void throw_if(int error, const char* what) {
  if (error != 0) throw std::system_error(error, std::system_category(), what);
}

}  // namespace

WorkerProcess::WorkerProcess(const Job& job) : ReportedPart("worker process " + std::to_string(job.process + 1)) {
  std::array<int, 2> to{}, from{};
  throw_if(::pipe2(to.data(), O_CLOEXEC) < 0 ? errno : 0, "pipe");
  throw_if(::pipe2(from.data(), O_CLOEXEC) < 0 ? errno : 0, "pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
  std::string program = "/proc/self/exe", word = "worker";
  std::array<char*, 3> arguments{program.data(), word.data(), nullptr};
  const int error = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(to[0]);
  ::close(from[1]);
  in_ = to[1];
  out_ = from[0];
  throw_if(error, "cannot start a worker process");
  ::fcntl(in_, F_SETFL, O_NONBLOCK);
  ::fcntl(out_, F_SETFL, O_NONBLOCK);
  send(job.to_json().dump());
}

WorkerProcess::~WorkerProcess() {
  ::close(in_);  // it ends by itself then
  ::close(out_);
  reap(true);
}

void WorkerProcess::reap(bool wait) {
  int status = 0;
  if (pid_ > 0 && ::waitpid(pid_, &status, wait ? 0 : WNOHANG) == pid_) pid_ = -1;
}

void WorkerProcess::send(const std::string& command) {
  unsent_ += command + "\n";
  pump();
}

/// Moves what can be moved without waiting.
void WorkerProcess::pump() {
  while (!unsent_.empty()) {
    const ssize_t n = ::write(in_, unsent_.data(), unsent_.size());
    if (n <= 0) break;
    unsent_.erase(0, static_cast<std::size_t>(n));
  }
  std::array<char, 65536> chunk;
  ssize_t n = 0;
  while (!ended_ && (n = ::read(out_, chunk.data(), chunk.size())) > 0) buffer_.append(chunk.data(), static_cast<std::size_t>(n));
  const bool ended = !ended_ && (n == 0 || (errno != EAGAIN && errno != EINTR));
  std::size_t begin = 0;
  for (std::size_t end; (end = buffer_.find('\n', begin)) != std::string::npos; begin = end + 1)
    on_report(std::string_view(buffer_).substr(begin, end - begin));
  buffer_.erase(0, begin);
  if (!ended) return;
  ended_ = true;
  gone();
}

namespace {

void say(const Json& line) {
  const std::string text = line.dump() + "\n";
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw std::runtime_error("the parent is gone");
}

/// One command per line, waited for so long; a closed stdin is `finish`.
class Commands {
 public:
  void read_into(std::vector<std::string>& out, std::chrono::milliseconds patience) {
    pollfd p{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    for (auto wait = static_cast<int>(patience.count()); ::poll(&p, ended_ ? 0 : 1, wait) > 0; wait = 0) {
      std::array<char, 256> chunk;
      const ssize_t n = ::read(STDIN_FILENO, chunk.data(), chunk.size());
      ended_ = n <= 0;
      if (n > 0) buffer_.append(chunk.data(), static_cast<std::size_t>(n));
    }
    for (std::size_t end; (end = buffer_.find('\n')) != std::string::npos; buffer_.erase(0, end + 1)) out.push_back(buffer_.substr(0, end));
    if (ended_) out.emplace_back("finish");
  }
  std::string first_line() {
    std::vector<char> chunk(65536);
    while (buffer_.find('\n') == std::string::npos) {
      const ssize_t n = ::read(STDIN_FILENO, chunk.data(), chunk.size());
      if (n <= 0) throw std::runtime_error("a worker is started by phx-load run, which tells it what to do on stdin");
      buffer_.append(chunk.data(), static_cast<std::size_t>(n));
    }
    const std::size_t end = buffer_.find('\n');
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return line;
  }

 private:
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace

void run_worker() {
  Commands commands;
  const Job job = Job::from_json(Json::parse(commands.first_line()));
  LocalParts parts(job);
  PartReporter reporter(parts, job.watch_gates, say);
  std::vector<std::string> lines;
  while (!parts.done()) {
    lines.clear();
    commands.read_into(lines, 20ms);
    for (const std::string& line : lines) line == "stop" ? parts.stop() : parts.finish();
    reporter.report();
  }
  reporter.result();
}

}  // namespace phx::load
