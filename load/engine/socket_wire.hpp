#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <phx/core/tls.hpp>
#include <phx/load/crowd.hpp>

#include "engine/address.hpp"
#include "engine/run_clock.hpp"

namespace phx::load {

/// The sockets of one swarm: one level-triggered epoll set, one read buffer for all, one non-blocking send per write. An idle connection is
/// one Conn and a descriptor. One thread.
class SocketWire final : public Wire {
 public:
  /// endpoints and tls are borrowed for life; tls: null for ws://.
  SocketWire(const Endpoints& endpoints, const core::TlsContext* tls, RunClock clock);
  ~SocketWire() override;

  /// Waits until something is ready or `until`, and tells the swarm. `wake_fd` ends the wait.
  void wait(Crowd& swarm, Instant until);
  int wake_fd() const noexcept { return wake_; }

  std::optional<ErrorClass> open(std::uint32_t slot, unsigned lane, std::uint32_t user) override;
  void write(std::uint32_t slot, unsigned lane, std::string_view bytes) override;
  void close(std::uint32_t slot, unsigned lane, bool abrupt) override;
  void read(std::uint32_t slot, bool on) override;

  std::uint64_t retransmits() const noexcept { return retransmits_; }
  std::uint64_t descriptors() const noexcept { return most_open_; }
  std::uint64_t backlog() const noexcept { return backlog_; }
  std::uint64_t most_backlog() const noexcept { return most_backlog_; }

 private:
  struct Tls;
  struct Conn {
    int fd = -1;
    std::uint16_t generation = 0;  // events of an earlier connection in this place are not ours
    bool connecting = false, reading = true, wants_write = false;
    std::unique_ptr<std::string> pending;  // what the kernel did not take
    std::unique_ptr<Tls> tls;
    ~Conn();
    Conn() = default;
    Conn(Conn&&) noexcept;
    Conn& operator=(Conn&&) = delete;
  };

  Conn& conn(std::uint32_t slot, unsigned lane);
  void on_event(Crowd& swarm, const epoll_event& event, Instant now);
  void on_connected(Crowd& swarm, std::uint32_t slot, unsigned lane, bool failed, Instant now);
  void on_readable(Crowd& swarm, std::uint32_t slot, unsigned lane, Instant now);
  void on_secure_bytes(Crowd& swarm, std::uint32_t slot, unsigned lane, std::span<char> bytes, Instant now);
  void tls_failed(Crowd& swarm, std::uint32_t slot, unsigned lane, Instant now);
  void send_raw(Conn& c, std::uint32_t slot, unsigned lane, std::string_view bytes);
  void flush(Conn& c, std::uint32_t slot, unsigned lane);
  void interest(Conn& c, std::uint32_t slot, unsigned lane);
  void update(Conn& c, std::uint32_t slot, unsigned lane);
  void drop(Conn& c, bool abrupt);

  const Endpoints& endpoints_;
  const core::TlsContext* tls_;
  RunClock clock_;
  int epoll_, wake_;
  std::array<std::vector<Conn>, 2> lanes_;
  std::array<epoll_event, 256> events_;
  std::vector<char> buffer_;
  std::string plain_;
  std::uint64_t retransmits_ = 0, open_ = 0, most_open_ = 0, backlog_ = 0, most_backlog_ = 0;
};

}  // namespace phx::load
