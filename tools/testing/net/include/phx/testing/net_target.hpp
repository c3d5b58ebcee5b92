#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <phx/core/tls.hpp>
#include <phx/testing/target.hpp>

namespace phx::testing {

struct NetTargetOptions {
  core::TlsClientOptions tls = {};
  /// What waiting is multiplied with: a test says 100 ms, a loaded machine needs more. Costs nothing when all goes well.
  int patience = 30;
  HeaderList headers = {};                               ///< of every connection and request
  std::optional<std::string> auth_token = std::nullopt;  ///< of every connection whose Dial has none, and of long-poll requests
  std::string proxy = {};                                ///< "http://user:password@host:port", "socks5://..."; empty: directly
};

/// A server behind a port. url: "ws://host:port/socket" (http:// too), the mount that Dial means without a path; HTTP requests go to
/// the same host. Real time. Throws std::invalid_argument for what is no such URL, or no proxy.
class NetTarget : public Target {
 public:
  explicit NetTarget(std::string url, NetTargetOptions options = {});
  ~NetTarget() override;

  std::string name() const override { return url_; }
  Instant now() const override;
  bool wait(Instant deadline) override;
  Duration patience(Duration written) const override { return written * options_.patience; }
  std::unique_ptr<Peer> dial(const Dial& dial) override;
  tl::expected<HttpResponse, std::string> request(const HttpRequest& request) override;

 protected:
  /// From any thread: runs inside wait().
  void post(std::function<void()> work);

 private:
  class Connection;
  struct Impl;
  std::string url_, origin_;
  NetTargetOptions options_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phx::testing
