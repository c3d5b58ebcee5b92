#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>

#include <phx/core/tls.hpp>
#include <phx/server/outbox.hpp>
#include <phx/server/shard_stats.hpp>

namespace phx::server {

/// The TLS of one connection. Encrypts only what it can soon give to the kernel, so that waiting bytes stay in the outbox, where
/// members of a topic share them.
class TlsLink {
 public:
  enum class Written : std::uint8_t { all, blocked, broken };

  explicit TlsLink(const core::TlsContext& context) : stream_(core::TlsStream::server(context)) {}

  std::error_code receive(std::span<const char> wire, std::string& plain) { return stream_.feed(wire, plain, wire_); }
  /// Empties the outbox into the socket once the handshake is through. `last`: says goodbye after that.
  Written write(int fd, Outbox& outbox, bool last, ShardStats& stats);
  /// What is encrypted already.
  Written send(int fd, ShardStats& stats);

  /// Encrypted bytes that the kernel has not taken.
  std::size_t pending() const noexcept { return wire_.size() - sent_; }
  bool ready() const noexcept { return stream_.ready(); }
  bool peer_closed() const noexcept { return stream_.peer_closed(); }
  const std::string& detail() const noexcept { return stream_.detail(); }

 private:
  bool encrypt(Outbox& outbox);

  core::TlsStream stream_;
  std::string wire_;
  std::size_t sent_ = 0;
};

}  // namespace phx::server
