#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <phx/server/endpoint.hpp>
#include <phx/server/plug.hpp>

namespace phx::server {

/// The figures of an endpoint for Prometheus. Make it before the endpoint starts: from then on the workers measure durations, which
/// costs two looks at the clock per message.
class Metrics final : public prometheus::Collectable {
 public:
  /// Borrows the endpoint.
  explicit Metrics(Endpoint& endpoint);

  /// Answers `GET <path>` with the text; other requests pass. For any endpoint, the one it tells about too, but a scrape of
  /// one that has stopped is never answered: end the endpoint of the plug soon after it, with a short drain.
  Plug plug(std::string path = "/metrics") const;

  /// For an application's own registry. Waits for the workers, so never call it on one of their threads; nothing after a second, or
  /// when the endpoint does not run.
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  Endpoint& endpoint_;
};

/// The families that `stats` make; the text of them.
std::vector<prometheus::MetricFamily> metric_families(const EndpointStats& stats);
std::string metrics_text(const EndpointStats& stats);

}  // namespace phx::server
