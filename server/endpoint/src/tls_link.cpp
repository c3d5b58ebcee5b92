#include "tls_link.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace phx::server {

namespace {
constexpr std::size_t encrypted_ahead = 256 * 1024;
constexpr std::size_t kept_capacity = 1024;  // what an idle connection may hold on to
}  // namespace

TlsLink::Written TlsLink::write(int fd, Outbox& outbox, bool last, ShardStats& stats) {
  while (true) {
    if (const auto sent = send(fd, stats); sent != Written::all) return sent;
    if (outbox.empty() || !stream_.ready()) break;
    if (!encrypt(outbox)) return Written::broken;
  }
  if (!last || !outbox.empty()) return Written::all;
  stream_.close(wire_);
  return send(fd, stats);
}

bool TlsLink::encrypt(Outbox& outbox) {
  std::size_t taken = 0;
  for (const Slice& slice : outbox.slices()) {
    const auto piece = slice.view().substr(0, encrypted_ahead - taken);
    if (stream_.write(piece, wire_)) return false;
    taken += piece.size();
    if (taken == encrypted_ahead) break;
  }
  outbox.consume(taken);
  return true;
}

TlsLink::Written TlsLink::send(int fd, ShardStats& stats) {
  while (pending() > 0) {
    const auto n = ::send(fd, wire_.data() + sent_, pending(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Written::blocked : Written::broken;
    sent_ += static_cast<std::size_t>(n);
    ++stats.sends;
    stats.bytes_out += static_cast<std::uint64_t>(n);
  }
  wire_.clear();
  sent_ = 0;
  if (wire_.capacity() > kept_capacity) wire_.shrink_to_fit();
  return Written::all;
}

}  // namespace phx::server
