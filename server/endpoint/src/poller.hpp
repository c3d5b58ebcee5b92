#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace phx::server {

/// The connections of one worker, as one level-triggered epoll set whose own descriptor hangs in the worker's io_context.
///
/// Why not one asio socket each: asio's async_wait costs an epoll_ctl per wake-up and connection, and a descriptor record, a
/// queued operation and its handler per idle connection. Here a wake-up costs two calls for all connections that are ready
/// together, an idle connection costs nothing in user space, and a loop turn sees all its input before it writes.
class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  int fd() const noexcept { return fd_; }
  /// Errors are those of epoll_ctl, as std::system_error.
  void add(int fd, std::uint32_t events, void* who);
  void change(int fd, std::uint32_t events, void* who);
  /// What is ready now; never blocks. Valid until the next call.
  std::span<const epoll_event> ready();

 private:
  int fd_;
  std::array<epoll_event, 256> events_;
};

}  // namespace phx::server
