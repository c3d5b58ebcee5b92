#include "connection.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "worker.hpp"

namespace phx::server {

namespace {
constexpr std::size_t max_pieces = 64;  // of one write; more than a turn normally makes

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }
}  // namespace

Connection::Connection(Worker& worker, int fd, Conn::Peer peer, Instant now)
    : worker_(worker), core_(worker.http(), *this, std::move(peer), now), fd_(fd), interest_(EPOLLIN) {
  if (worker_.tls()) {
    tls_ = std::make_unique<TlsLink>(*worker_.tls());
    handshake_until_ = now + worker_.options().tls_handshake_timeout;
  }
  worker_.poller().change(fd_, interest_, this);
  worker_.arm(*this, next_deadline());
}

Connection::~Connection() {
  worker_.disarm(*this);
  ::close(fd_);  // leaves the poller
}

bool Connection::wants_read() noexcept {
  if (input_ended_) return false;
  if (half_closed_) return true;
  const bool full = blocked_ && queued() > worker_.options().pause_reading_bytes;
  return !full && core_.reads();
}

void Connection::on_ready(std::uint32_t events, Instant now) {
  if (dead_) return;
  if ((events & EPOLLOUT) != 0) {
    blocked_ = false;
    core_.outbox().mark_dirty();
  }
  if (wants_read() && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
    receive(now);
  else if ((events & (EPOLLHUP | EPOLLERR)) != 0)
    cut(now);
  if (!dead_) update(now);
}

void Connection::receive(Instant now) {
  const auto buffer = worker_.buffer();
  const auto n = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (n > 0) {
    worker_.shard().stats().bytes_in += static_cast<std::uint64_t>(n);
    if (core_.finished()) return;
    const auto bytes = buffer.first(static_cast<std::size_t>(n));
    return tls_ ? receive_secure(bytes, now) : core_.feed(bytes, now);
  }
  if (n < 0) {
    if (!would_block(errno)) cut(now);
    return;
  }
  input_ended_ = true;
  if (half_closed_) return die();
  if (!core_.finished() && !(tls_ && tls_->peer_closed())) core_.peer_closed(now);
}

void Connection::receive_secure(std::span<const char> wire, Instant now) {
  std::string& plain = worker_.plain();
  plain.clear();
  const bool was_closed = tls_->peer_closed();
  const auto error = tls_->receive(wire, plain);
  if (!plain.empty()) core_.feed(plain, now);
  if (error) {
    ++worker_.shard().stats().tls_failures;
    worker_.options().observer->log({Level::info, "TLS connection failed", {}, tls_->detail()});
    tls_->send(fd_, worker_.shard().stats());  // the alert, if the kernel takes it
    return cut(now);
  }
  if (tls_->ready()) handshake_until_ = {};
  if (tls_->pending() > 0) core_.outbox().mark_dirty();
  if (!was_closed && tls_->peer_closed() && !core_.finished()) core_.peer_closed(now);
}

void Connection::flush(Instant now) {
  if (dead_) return;
  if (!blocked_ && !write()) return cut(now);
  if (owed() > worker_.options().max_queue_bytes + core_.answer_bytes()) {
    ++worker_.shard().stats().slow_readers_cut;
    return cut(now);
  }
  if (core_.finished() && queued() == 0 && !half_closed_) {
    half_closed_ = true;
    linger_until_ = now + worker_.options().linger_timeout;
    ::shutdown(fd_, SHUT_WR);
    if (input_ended_) return die();
  }
  if (core_.can_go_on()) core_.outbox().mark_dirty();
  update(now);
}

std::size_t Connection::queued() noexcept { return core_.outbox().bytes() + (tls_ ? tls_->pending() : 0); }
std::size_t Connection::owed() noexcept { return core_.outbox().bytes_owed() + (tls_ ? tls_->pending() : 0); }

/// As much as the kernel takes. False: the connection is broken.
bool Connection::write() {
  if (!tls_) return write_plain();
  const auto written = tls_->write(fd_, core_.outbox(), core_.finished(), worker_.shard().stats());
  blocked_ = written == TlsLink::Written::blocked;
  return written != TlsLink::Written::broken;
}

/// Normally with one call.
bool Connection::write_plain() {
  auto& outbox = core_.outbox();
  while (!outbox.empty()) {
    const auto& slices = outbox.slices();
    std::array<iovec, max_pieces> pieces;
    std::size_t count = 0, bytes = 0;
    for (; count < slices.size() && count < max_pieces; ++count) {
      const auto view = slices[count].view();
      pieces[count] = {const_cast<char*>(view.data()), view.size()};
      bytes += view.size();
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const auto n = count == 1 ? ::send(fd_, pieces[0].iov_base, bytes, MSG_NOSIGNAL) : ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (n < 0 && !would_block(errno)) return false;
    if (n > 0) {
      auto& stats = worker_.shard().stats();
      ++stats.sends;
      stats.bytes_out += static_cast<std::uint64_t>(n);
      outbox.consume(static_cast<std::size_t>(n));
    }
    if (n < static_cast<ssize_t>(bytes)) {
      blocked_ = true;
      return true;
    }
  }
  return true;
}

void Connection::on_deadline(Instant now) {
  if (dead_) return;
  if (linger_until_ != Instant{} && now >= linger_until_) {
    if (half_closed_ || queued() >= unwritten_) return cut(now);
    linger(now);  // the peer still reads our last bytes
  }
  if (handshake_until_ != Instant{} && now >= handshake_until_) {
    ++worker_.shard().stats().tls_failures;
    return cut(now);
  }
  core_.on_deadline(now);
  update(now);
}

/// Tells the poller and the timers what is waited for now.
void Connection::update(Instant now) {
  if (core_.finished() && linger_until_ == Instant{}) linger(now);
  const auto wanted = (wants_read() ? std::uint32_t{EPOLLIN} : 0u) | (blocked_ ? std::uint32_t{EPOLLOUT} : 0u);
  if (wanted != interest_) {
    interest_ = wanted;
    worker_.poller().change(fd_, wanted, this);
  }
  worker_.arm(*this, next_deadline());
}

/// How long a finished connection waits for its peer to read on; one with a whole answer to read gets the time of an idle one.
void Connection::linger(Instant now) {
  const auto& options = worker_.options();
  unwritten_ = queued();
  linger_until_ = now + (core_.answer_bytes() > 0 && !half_closed_ ? options.http.keep_alive_timeout : options.linger_timeout);
}

std::optional<Instant> Connection::next_deadline() const noexcept {
  if (linger_until_ != Instant{}) return linger_until_;
  const auto due = core_.next_deadline();
  if (handshake_until_ == Instant{}) return due;
  return due ? std::min(*due, handshake_until_) : handshake_until_;
}

void Connection::cut(Instant now) {
  if (dead_) return;
  if (!core_.finished()) core_.lost(now);
  die();
}

void Connection::die() noexcept {
  dead_ = true;
  worker_.bury(*this);
}

}  // namespace phx::server
