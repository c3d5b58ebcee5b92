#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/core/time.hpp>

namespace phx::load {

struct TargetOptions {
  pid_t pid = 0;                    ///< 0: none. Of this machine
  std::string metrics_url{};        ///< empty: none. Prometheus text
  std::vector<std::string> series;  ///< names of it; empty: the first dozen
  bool any() const noexcept { return pid > 0 || !metrics_url.empty(); }
};

/// Looks at the server under load once a second, on a thread of its own, from `start` on. What cannot be read is told once; the run goes
/// on.
class TargetWatch {
 public:
  TargetWatch(TargetOptions options, Instant start);
  ~TargetWatch();
  TargetWatch(const TargetWatch&) = delete;
  TargetWatch& operator=(const TargetWatch&) = delete;

  std::string note();                       ///< for the panel
  std::vector<std::string> take_trouble();  ///< new since the last call
  Json to_json();                           ///< result.json's `target`

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phx::load
