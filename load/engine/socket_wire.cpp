#include "engine/socket_wire.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace phx::load {
namespace {

constexpr std::size_t buffer_bytes = 256u << 10;
constexpr std::uint64_t wake_tag = ~std::uint64_t{0};

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::system_category(), what);
  return result;
}

std::uint64_t tag_of(std::uint32_t slot, unsigned lane, std::uint16_t generation) noexcept {
  return std::uint64_t{slot} | std::uint64_t{lane} << 32 | std::uint64_t{generation} << 40;
}

ErrorClass class_of(int error) noexcept {
  switch (error) {
    case EMFILE:
    case ENFILE: return ErrorClass::no_descriptors;
    case EADDRNOTAVAIL:
    case EADDRINUSE: return ErrorClass::no_ports;
    case ECONNREFUSED: return ErrorClass::connect_refused;
    case ETIMEDOUT: return ErrorClass::connect_timeout;
    default: return ErrorClass::connect_failed;
  }
}

void set_option(int fd, int level, int name, int value) noexcept { ::setsockopt(fd, level, name, &value, sizeof value); }

}  // namespace

struct SocketWire::Tls {
  core::TlsStream stream;
  bool told = false;
};

SocketWire::Conn::~Conn() {
  if (fd >= 0) ::close(fd);
}
SocketWire::Conn::Conn(Conn&& o) noexcept
    : fd(std::exchange(o.fd, -1)),
      generation(o.generation),
      connecting(o.connecting),
      reading(o.reading),
      wants_write(o.wants_write),
      pending(std::move(o.pending)),
      tls(std::move(o.tls)) {}

SocketWire::SocketWire(const Endpoints& endpoints, const core::TlsContext* tls, RunClock clock)
    : endpoints_(endpoints),
      tls_(tls),
      clock_(clock),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      buffer_(buffer_bytes) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = wake_tag}};
  checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event), "epoll_ctl");
}

SocketWire::~SocketWire() {
  ::close(wake_);
  ::close(epoll_);
}

SocketWire::Conn& SocketWire::conn(std::uint32_t slot, unsigned lane) {
  auto& lane_conns = lanes_[lane];
  if (lane_conns.size() <= slot) lane_conns.resize(slot + 1);
  return lane_conns[slot];
}

void SocketWire::wait(Crowd& swarm, Instant until) {
  const auto left = std::max(Duration::zero(), until - clock_.now());
  const timespec timeout{.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count(), .tv_nsec = left.count() % 1'000'000'000};
  int n = ::epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_.size()), &timeout, nullptr);
  if (n < 0 && errno == ENOSYS)
    n = ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), static_cast<int>((left.count() + 999'999) / 1'000'000));
  for (int i = 0; i < n; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    if (event.data.u64 == wake_tag) {
      std::uint64_t counted = 0;
      if (::read(wake_, &counted, sizeof counted) < 0 && errno != EAGAIN) throw std::system_error(errno, std::system_category(), "eventfd");
      continue;
    }
    on_event(swarm, event, clock_.now());
  }
}

std::optional<ErrorClass> SocketWire::open(std::uint32_t slot, unsigned lane, std::uint32_t user) {
  Conn& c = conn(slot, lane);
  const Address& to = endpoints_.targets[user % endpoints_.targets.size()];
  const int fd = ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return class_of(errno);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (!endpoints_.sources.empty()) {
    const Address& from = endpoints_.sources[user % endpoints_.sources.size()];
    set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);  // the port is chosen with the target, so each pair has all ports
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&from.storage), from.size) < 0) {
      const int error = errno;
      ::close(fd);
      return class_of(error);
    }
  }
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to.storage), to.size) < 0 && errno != EINPROGRESS) {
    const int error = errno;
    ::close(fd);
    return class_of(error);
  }
  c.fd = fd;
  c.connecting = c.reading = c.wants_write = true;
  ++c.generation;
  epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.u64 = tag_of(slot, lane, c.generation)}};
  checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  most_open_ = std::max(most_open_, ++open_);
  return std::nullopt;
}

void SocketWire::on_event(Crowd& swarm, const epoll_event& event, Instant now) {
  const auto slot = static_cast<std::uint32_t>(event.data.u64);
  const unsigned lane = event.data.u64 >> 32 & 1;
  const auto generation = static_cast<std::uint16_t>(event.data.u64 >> 40);
  const auto ours = [&] { return conn(slot, lane).fd >= 0 && conn(slot, lane).generation == generation; };
  if (!ours()) return;
  if (conn(slot, lane).connecting) return on_connected(swarm, slot, lane, (event.events & (EPOLLERR | EPOLLHUP)) != 0, now);
  if ((event.events & EPOLLOUT) != 0) flush(conn(slot, lane), slot, lane);
  if (ours() && (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) on_readable(swarm, slot, lane, now);
}

void SocketWire::on_connected(Crowd& swarm, std::uint32_t slot, unsigned lane, bool failed, Instant now) {
  Conn& c = conn(slot, lane);
  if (failed) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(c.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    drop(c, true);
    return swarm.on_lost(slot, lane, class_of(error), now);
  }
  c.connecting = false;
  swarm.on_tcp(slot, lane, now);
  if (tls_ != nullptr) {
    c.tls = std::make_unique<Tls>(Tls{core::TlsStream::client(*tls_, endpoints_.host)});
    std::string out;
    if (c.tls->stream.start(out)) return tls_failed(swarm, slot, lane, now);
    send_raw(c, slot, lane, out);
  } else {
    swarm.on_secure(slot, lane, now);
  }
  if (Conn& after = conn(slot, lane); after.fd >= 0) interest(after, slot, lane);
}

void SocketWire::on_readable(Crowd& swarm, std::uint32_t slot, unsigned lane, Instant now) {
  Conn& c = conn(slot, lane);
  const ssize_t n = ::recv(c.fd, buffer_.data(), buffer_.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    drop(c, true);
    return swarm.on_lost(slot, lane, ErrorClass::connection_lost, now);
  }
  const std::span<char> bytes(buffer_.data(), static_cast<std::size_t>(n));
  if (c.tls)
    on_secure_bytes(swarm, slot, lane, bytes, now);
  else
    swarm.on_bytes(slot, lane, bytes, now);
}

void SocketWire::on_secure_bytes(Crowd& swarm, std::uint32_t slot, unsigned lane, std::span<char> bytes, Instant now) {
  Conn& c = conn(slot, lane);
  const std::uint16_t generation = c.generation;
  std::string out;
  plain_.clear();
  const std::error_code failed = c.tls->stream.feed(bytes, plain_, out);
  if (!out.empty()) send_raw(c, slot, lane, out);
  if (failed) return tls_failed(swarm, slot, lane, now);
  if (c.tls->stream.ready() && !std::exchange(c.tls->told, true)) swarm.on_secure(slot, lane, now);
  const bool still = conn(slot, lane).fd >= 0 && conn(slot, lane).generation == generation;
  if (still && !plain_.empty()) swarm.on_bytes(slot, lane, plain_, now);
}

void SocketWire::tls_failed(Crowd& swarm, std::uint32_t slot, unsigned lane, Instant now) {
  Conn& c = conn(slot, lane);
  const std::string detail = c.tls->stream.detail();
  drop(c, true);
  swarm.on_lost(slot, lane, ErrorClass::tls, now, detail);
}

void SocketWire::write(std::uint32_t slot, unsigned lane, std::string_view bytes) {
  Conn& c = conn(slot, lane);
  if (c.fd < 0) return;
  if (!c.tls) return send_raw(c, slot, lane, bytes);
  std::string out;
  if (c.tls->stream.ready() && !c.tls->stream.write(bytes, out)) send_raw(c, slot, lane, out);
}

/// A failed send is not told here: the socket becomes readable with the same news.
void SocketWire::send_raw(Conn& c, std::uint32_t slot, unsigned lane, std::string_view bytes) {
  if (!c.pending) {
    const ssize_t n = ::send(c.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return;
    bytes.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
    if (bytes.empty()) return;
    c.pending = std::make_unique<std::string>();
  }
  c.pending->append(bytes);
  most_backlog_ = std::max(most_backlog_, backlog_ += bytes.size());
  interest(c, slot, lane);
}

void SocketWire::flush(Conn& c, std::uint32_t slot, unsigned lane) {
  if (c.pending) {
    const ssize_t n = ::send(c.fd, c.pending->data(), c.pending->size(), MSG_NOSIGNAL);
    if (n < 0) return;
    backlog_ -= static_cast<std::uint64_t>(n);
    c.pending->erase(0, static_cast<std::size_t>(n));
    if (c.pending->empty()) c.pending.reset();
  }
  interest(c, slot, lane);
}

void SocketWire::interest(Conn& c, std::uint32_t slot, unsigned lane) {
  if (std::exchange(c.wants_write, c.pending != nullptr) != c.wants_write) update(c, slot, lane);
}

void SocketWire::update(Conn& c, std::uint32_t slot, unsigned lane) {
  epoll_event event{.events = (c.reading ? EPOLLIN : 0u) | (c.wants_write ? EPOLLOUT : 0u),
                    .data = {.u64 = tag_of(slot, lane, c.generation)}};
  checked(::epoll_ctl(epoll_, EPOLL_CTL_MOD, c.fd, &event), "epoll_ctl");
}

void SocketWire::read(std::uint32_t slot, bool on) {
  Conn& c = conn(slot, 0);
  c.reading = on;
  if (c.fd >= 0) update(c, slot, 0);
}

void SocketWire::close(std::uint32_t slot, unsigned lane, bool abrupt) {
  if (lanes_[lane].size() > slot) drop(lanes_[lane][slot], abrupt);
}

void SocketWire::drop(Conn& c, bool abrupt) {
  if (c.fd < 0) return;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(c.fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) retransmits_ += info.tcpi_total_retrans;
  if (abrupt) {
    const linger now{.l_onoff = 1, .l_linger = 0};  // a reset: no port waits for its last segments
    ::setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  if (c.pending) backlog_ -= c.pending->size();
  ::close(c.fd);
  c.fd = -1;
  c.pending.reset();
  c.tls.reset();
  --open_;
}

}  // namespace phx::load
