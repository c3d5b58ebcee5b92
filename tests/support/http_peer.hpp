#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace phx::test {

/// A small blocking HTTP/1.1 server with keep-alive on a free port: a function answers each request with raw bytes.
class HttpPeer {
 public:
  struct Request {
    std::string method, target, head, body;
    int connection = 0;  ///< 1, 2, ...
    int number = 0;      ///< of all requests: 1, 2, ...
    bool has(std::string_view line) const { return head.find("\r\n" + std::string(line) + "\r\n") != head.npos; }
  };
  /// Raw bytes of the answer; `hold` never answers, `cut` closes the connection.
  using Handler = std::function<std::string(const Request&)>;
  static inline const std::string hold = "hold", cut = "cut";

  static std::string answer(int status, std::string_view body, std::string_view headers = "content-type: application/json\r\n") {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + std::string(headers) + "content-length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
  }

  explicit HttpPeer(Handler handler) : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 || ::getsockname(listener_, generic, &size) != 0)
      throw std::runtime_error("HttpPeer: cannot listen");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~HttpPeer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::scoped_lock lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
  }
  HttpPeer(const HttpPeer&) = delete;
  HttpPeer& operator=(const HttpPeer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  std::string url(std::string_view path = "") const { return "http://127.0.0.1:" + std::to_string(port_) + std::string(path); }
  std::vector<Request> requests() {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }
  /// Waits until there were so many requests.
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return requests_.size() >= count; }))
      throw std::runtime_error("HttpPeer: the requests did not come");
  }
  /// Waits until so many connections have ended.
  void wait_for_ends(int count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return ended_ >= count; }))
      throw std::runtime_error("HttpPeer: the connections did not end");
  }

 private:
  void accept_all() {
    for (int number = 1;; ++number) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      {
        const std::scoped_lock lock(mutex_);
        open_.push_back(fd);
      }
      threads_.emplace_back([this, fd, number] { serve(fd, number); });
    }
  }
  void serve(int fd, int connection) {
    std::string in;
    Request request;
    while (read_request(fd, in, request)) {
      request.connection = connection;
      {
        const std::scoped_lock lock(mutex_);
        request.number = static_cast<int>(requests_.size()) + 1;
        requests_.push_back(request);
        changed_.notify_all();
      }
      const std::string out = handler_(request);
      if (out == cut) break;
      if (out != hold) write(fd, out);
    }
    const std::scoped_lock lock(mutex_);
    open_.remove(fd);
    ::close(fd);
    ++ended_;
    changed_.notify_all();
  }
  static bool read_request(int fd, std::string& in, Request& request) {
    std::size_t end = 0;
    while ((end = in.find("\r\n\r\n")) == in.npos)
      if (!read(fd, in)) return false;
    request.head = in.substr(0, end + 2);
    in.erase(0, end + 4);
    request.method = request.head.substr(0, request.head.find(' '));
    const auto target = request.method.size() + 1;
    request.target = request.head.substr(target, request.head.find(' ', target) - target);
    const auto length = request.head.find("\r\nContent-Length: ");
    const auto size = length == request.head.npos ? 0 : std::strtoull(request.head.c_str() + length + 18, nullptr, 10);
    while (in.size() < size)
      if (!read(fd, in)) return false;
    request.body = in.substr(0, size);
    in.erase(0, size);
    return true;
  }
  static bool read(int fd, std::string& in) {
    std::array<char, 16384> buffer;
    const auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n > 0) in.append(buffer.data(), static_cast<std::size_t>(n));
    return n > 0;
  }
  static void write(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  Handler handler_;
  int listener_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;  // guards below
  std::condition_variable changed_;
  std::vector<Request> requests_;
  std::list<int> open_;
  int ended_ = 0;
  std::vector<std::thread> threads_;  // of the acceptor, then of the destructor
  std::thread acceptor_;
};

}  // namespace phx::test
