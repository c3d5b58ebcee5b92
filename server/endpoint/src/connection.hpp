#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <phx/server/connection_core.hpp>

#include "deadline_wheel.hpp"
#include "tls_link.hpp"

namespace phx::server {

class Worker;

/// One socket of a worker: reads into the worker's buffer, feeds the machine, writes its outbox. Holds no buffer of its own.
/// With TLS a TlsLink sits between the socket and the machine.
///
///   open --machine finished, all written--> lingering (our FIN is out; input is thrown away) --FIN, time limit--> dead
///   any  --error, cut--> dead
class Connection final : public Carrier, public DeadlineWheel::Node {
 public:
  Connection(Worker& worker, int fd, Conn::Peer peer, Instant now);
  ~Connection() override;

  void on_ready(std::uint32_t events, Instant now);
  void on_deadline(Instant now);
  bool settle(Instant now) override { return core_.settle(now); }
  void flush(Instant now) override;
  /// Ends the connection now, without a goodbye.
  void cut(Instant now);
  /// Bytes that wait for the kernel.
  std::size_t queued() noexcept;
  /// What a peer that does not read costs: with what a running join keeps back.
  std::size_t owed() noexcept;

  ConnectionCore& core() noexcept { return core_; }
  bool dead() const noexcept { return dead_; }

  std::size_t index = 0;  ///< in the worker's list
  bool draining = false;  ///< has been asked to drain
  bool drains = false;    ///< and does

 private:
  void receive(Instant now);
  void receive_secure(std::span<const char> wire, Instant now);
  bool write();
  bool write_plain();
  bool wants_read() noexcept;
  void update(Instant now);
  void die() noexcept;
  void linger(Instant now);
  std::optional<Instant> next_deadline() const noexcept;

  Worker& worker_;
  ConnectionCore core_;
  std::unique_ptr<TlsLink> tls_;
  Instant linger_until_{};
  std::size_t unwritten_ = 0;  // when it was last looked at
  Instant handshake_until_{};  // none: plain, or through
  int fd_;
  std::uint32_t interest_ = 0;
  bool blocked_ = false;      // the kernel took no more; wait for EPOLLOUT
  bool input_ended_ = false;  // the peer's FIN was seen
  bool half_closed_ = false;  // ours was sent
  bool dead_ = false;
};

}  // namespace phx::server
