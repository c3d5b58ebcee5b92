#pragma once

#include <memory>
#include <string>
#include <vector>

#include <phx/core/time.hpp>

namespace phx::load {

/// The members of a fleet on a NATS server: subject `phx_load.FLEET.all` for everybody, `phx_load.FLEET.to.ID` for one. One thread; messages
/// are received and stamped on NATS's own. A lost connection is made again as long as it takes; what was said meanwhile may be lost.
class NatsBus {
 public:
  /// Throws std::runtime_error: no server there; std::invalid_argument: this build has no NATS.
  NatsBus(const std::string& url, const std::string& fleet, const std::string& id);
  ~NatsBus();

  /// to: an id; empty: all. Throws std::runtime_error when too much waits for a connection.
  void say(const std::string& to, const std::string& message);
  struct Arrived {
    std::string text;
    Instant at;
  };
  /// What has arrived, in order; waits for the first so long.
  std::vector<Arrived> take(Duration patience);
  /// Waits until the server has all that was said. Throws std::runtime_error after 10 s.
  void flush();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phx::load
