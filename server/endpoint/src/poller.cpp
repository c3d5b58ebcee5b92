#include "poller.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace phx::server {

namespace {
int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::system_category(), what);
  return result;
}
}  // namespace

Poller::Poller() : fd_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}
Poller::~Poller() { ::close(fd_); }

void Poller::add(int fd, std::uint32_t events, void* who) {
  epoll_event event{.events = events, .data = {.ptr = who}};
  checked(::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl add");
}

void Poller::change(int fd, std::uint32_t events, void* who) {
  epoll_event event{.events = events, .data = {.ptr = who}};
  checked(::epoll_ctl(fd_, EPOLL_CTL_MOD, fd, &event), "epoll_ctl mod");
}

std::span<const epoll_event> Poller::ready() {
  const int n = ::epoll_wait(fd_, events_.data(), static_cast<int>(events_.size()), 0);
  return {events_.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

}  // namespace phx::server
