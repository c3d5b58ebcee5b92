#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <phx/server/connection_core.hpp>
#include <phx/server/socket_mount.hpp>

namespace phx::server::test {

using namespace std::chrono_literals;

constexpr std::string_view test_date = "<date>";
inline Instant at(Duration d) { return Instant{} + 1h + d; }

/// What the sessions and handlers of a test have seen.
struct Log {
  std::vector<std::string> connects;  ///< params as JSON
  std::vector<ConnectInfo> infos;
  std::vector<std::string> messages;
  std::vector<CloseCause> ends;
  TransportLink* link = nullptr;                              ///< of the latest session
  std::function<void(TransportLink&, std::string_view)> act;  ///< instead of the echo
  bool drains = false;
};

/// connect by param `token`, as FIXTURE.md 2.1; sessions echo.
class TestHandler final : public TransportHandler {
 public:
  TestHandler(std::shared_ptr<Log> log, bool channels) : log_(std::move(log)), channels_(channels) {}
  bool speaks_channels() const noexcept override { return channels_; }
  tl::expected<std::unique_ptr<TransportSession>, ConnectRefused> connect(const ConnectRequest& request, Shard& shard) const override;

 private:
  std::shared_ptr<Log> log_;
  bool channels_;
};

/// The mounts of FIXTURE.md section 2, as far as WebSocket goes, over one log; `/raw` is a raw echo.
std::vector<SocketMount> fixture_mounts(const std::shared_ptr<Log>& log);
SocketDefaults fixture_defaults();

/// A connection without a network: what the client writes goes in, what it would read is in `received`.
class Peer final : public Carrier {
 public:
  explicit Peer(PlugChain plugs, HttpOptions options = {});

  /// One turn with these bytes.
  void send(std::string_view bytes);
  /// A turn for each byte.
  void send_slowly(std::string_view bytes);
  void turn();
  void advance(Duration d);

  std::string take();  ///< what came since the last take
  ConnectionCore& core() { return *core_; }
  Shard& shard() { return shard_; }
  Instant now() const { return now_; }

  bool settle(Instant now) override { return core_->settle(now); }
  void flush(Instant) override {}

 private:
  Instant now_ = at(0s);
  Shard shard_{0};
  HttpService service_;
  HttpWorker worker_;
  std::unique_ptr<ConnectionCore> core_;
  std::string received_;
};

/// A masked client frame.
std::string client_frame(core::ws::FrameOp op, std::string_view payload);
/// A server frame of less than 126 bytes.
std::string server_frame(core::ws::FrameOp op, std::string_view payload);

/// An upgrade request with the sample key of RFC 6455 and these headers more.
std::string upgrade_request(std::string_view path, std::string_view more = {});

/// Status of the first answer in `text`.
int status_of(std::string_view text);

}  // namespace phx::server::test
