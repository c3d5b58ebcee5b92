#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <phx/testing/target.hpp>
#include <phx/testing/virtual_clock.hpp>

namespace phx::testing {

class Subscribers;

/// A server that is played on virtual time: by a script (ScriptedServer) or by what was recorded (CapturedServer). One thread.
class PlayedServer : public Target {
 public:
  ~PlayedServer() override;

  Instant now() const override { return clock_.now(); }
  bool wait(Instant deadline) override;
  Duration patience(Duration written) const override { return written; }
  /// None: there are no HTTP routes.
  tl::expected<HttpResponse, std::string> request(const HttpRequest& request) override;
  std::shared_ptr<void> subscribe(std::string_view topic, std::function<void(TopicBroadcast)> told) override;

 protected:
  PlayedServer();

  VirtualClock clock_;
  std::unique_ptr<Subscribers> subscribers_;
};

}  // namespace phx::testing
