#pragma once

#include <cstdint>
#include <memory>
#include <semaphore>
#include <thread>

#include "conformance/host.hpp"
#include "support/fixture_app.hpp"

#include <phx/server/endpoint.hpp>

namespace phx::conformance {

/// A server on 127.0.0.1, reached by plain sockets: no code of ours between the bytes of the recording and the kernel. Waits in real time.
class TcpHost : public Host {
 public:
  explicit TcpHost(std::uint16_t port) noexcept : port_(port) {}

  /// Throws std::system_error when nobody listens.
  std::unique_ptr<Stream> dial() override;
  /// Real time: the recording's own wait (idle timeouts of a server behind a socket). MemoryHost plays the same cases in virtual time.
  void pause(milliseconds time) override;

 protected:
  std::uint16_t port_;
};

/// The fixture application behind an endpoint of this process, so that sanitizers see the server.
class InProcessHost final : public TcpHost {
 public:
  InProcessHost();
  ~InProcessHost() override;
  InProcessHost(const InProcessHost&) = delete;
  InProcessHost& operator=(const InProcessHost&) = delete;

 private:
  fixture::FixtureApp app_;
  std::binary_semaphore stop_wanted_{0};
  server::Endpoint endpoint_;
  std::thread stopper_;  // stop() may not be called on a worker
};

/// A fixture_server process on a free port.
class ProcessHost final : public TcpHost {
 public:
  /// Throws std::runtime_error when the program does not say that it listens.
  explicit ProcessHost(const char* program);
  ~ProcessHost() override;
  ProcessHost(const ProcessHost&) = delete;
  ProcessHost& operator=(const ProcessHost&) = delete;

  /// SIGTERM, then the exit status; 128 + N for the end by signal N.
  int terminate();

 private:
  int pid_ = -1;
};

}  // namespace phx::conformance
