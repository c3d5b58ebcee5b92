// What a received broadcast costs the user of the SDK: from the loopback socket into the callback. CPU of this process; the sender is
// a child process that writes prepared bytes. Budget (design.md 6): 4.5 us singly, 1 us when 32 arrive together.
//
// Not a Google Benchmark: CPU of all threads of the client is what counts, and the sender must not be among them.
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include <phx/client.hpp>
#include <phx/core/ws/frame.hpp>
#include <phx/core/ws/handshake.hpp>

namespace {

namespace ws = phx::core::ws;

constexpr int rounds = 20'000;  // times `together` messages

std::string broadcasts(int together) {
  const std::string body = R"([null,null,"room:lobby","new_msg",{"body":")" + std::string(115, 'x') + R"("}])";
  std::string wire;
  for (int i = 0; i < together; ++i) ws::append_frame(wire, ws::FrameOp::text, body);
  return wire;
}

std::string read_until(int fd, std::string_view end) {
  std::string seen;
  char c = 0;
  while (!seen.ends_with(end) && ::read(fd, &c, 1) == 1) seen += c;
  return seen;
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n <= 0) std::_Exit(1);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// The child: upgrades, answers the join, then one write per byte that `go` brings.
[[noreturn]] void serve(int listener, int go, int together) {
  const int fd = ::accept(listener, nullptr, nullptr);
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  const std::string head = read_until(fd, "\r\n\r\n");
  const auto at = head.find("Sec-WebSocket-Key: ") + 19;
  write_all(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
                    ws::accept_value(head.substr(at, head.find('\r', at) - at)) + "\r\n\r\n");
  std::array<char, 4096> join{};
  if (::read(fd, join.data(), join.size()) <= 0) std::_Exit(1);
  std::string answer;
  ws::append_frame(answer, ws::FrameOp::text, R"(["1","1","room:lobby","phx_reply",{"status":"ok","response":{}}])");
  write_all(fd, answer);
  const std::string wire = broadcasts(together);
  char token = 0;
  while (::read(go, &token, 1) == 1) write_all(fd, wire);
  std::_Exit(0);
}

double cpu_us() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec); };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

struct Sender {
  explicit Sender(int together) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    int pipe[2];
    if (::bind(listener, generic, size) != 0 || ::listen(listener, 1) != 0 || ::getsockname(listener, generic, &size) != 0 ||
        ::pipe(pipe) != 0)
      throw std::runtime_error("cannot listen");
    port = ntohs(address.sin_port);
    pid = ::fork();  // before any thread of ours exists
    if (pid == 0) {
      ::close(pipe[1]);
      serve(listener, pipe[0], together);
    }
    ::close(pipe[0]);
    ::close(listener);
    go_ = pipe[1];
  }
  ~Sender() {
    ::close(go_);
    ::waitpid(pid, nullptr, 0);
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  void send() const { write_all(go_, "x"); }

  std::uint16_t port = 0;
  pid_t pid = 0;

 private:
  int go_ = -1;
};

enum class Threads { two, one, loop };  // Runtime::create(), single_thread(), on() with this thread's io_context

/// CPU per message, the write to the pipe that asks for the next one left out.
double measure(int together, Threads threads) {
  const bool loop = threads == Threads::loop;
  Sender sender(together);
  std::optional<boost::asio::io_context> io;
  phx::SocketOptions options;
  if (loop) options.runtime = phx::Runtime::on(io.emplace(1));
  if (threads == Threads::one) options.runtime = phx::Runtime::single_thread();
  std::atomic<bool> done = false;
  double start = 0, end = 0;
  {
    phx::Socket socket("ws://127.0.0.1:" + std::to_string(sender.port) + "/socket", options);
    phx::Channel room = socket.channel("room:lobby");
    int heard = 0, sent = 0;
    const int warm_up = rounds / 10;
    const auto messages = room.on("new_msg", [&](const phx::Message&) {
      if (++heard % together != 0) return;
      if (++sent == warm_up) start = cpu_us();
      if (sent < warm_up + rounds) return sender.send();
      end = cpu_us();
      done = true;
      done.notify_one();
    });
    room.join().receive("ok", [&](const phx::Reply&) { sender.send(); });
    socket.connect();
    if (loop) {
      while (!done) io->run_one();
    } else {
      done.wait(false);
    }
  }
  if (loop) io->poll();
  return (end - start) / rounds / together;
}

/// What the write to the pipe costs, which is the benchmark's own.
double pipe_us() {
  int pipe[2];
  if (::pipe(pipe) != 0) return 0;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(pipe[1]);
    char c = 0;
    while (::read(pipe[0], &c, 1) == 1) continue;
    std::_Exit(0);
  }
  ::close(pipe[0]);
  const double start = cpu_us();
  for (int i = 0; i < rounds; ++i) write_all(pipe[1], "x");
  const double spent = cpu_us() - start;
  ::close(pipe[1]);
  ::waitpid(pid, nullptr, 0);
  return spent / rounds;
}

}  // namespace

int main() {
  const double own = pipe_us();
  std::printf("%-44s %8.2f us (taken off below)\n", "write that asks for the next message", own);
  const std::array<std::pair<Threads, const char*>, 3> all{
      {{Threads::two, "two threads"}, {Threads::one, "single_thread()"}, {Threads::loop, "on(io)"}}};
  for (const auto& [threads, name] : all)
    for (const int together : {1, 32}) {
      std::array<double, 3> runs{};
      for (double& run : runs) run = measure(together, threads) - own / together;
      std::ranges::sort(runs);
      std::printf("receive and dispatch, %-15s %2d together %8.2f us per message\n", name, together, runs[1]);
    }
}
