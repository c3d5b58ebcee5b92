#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/server/observer.hpp>

namespace phx::server {

/// Which parameters a log may show (Phoenix's `filter_parameters`, server.md 13). Words are case-sensitive.
struct ParameterFilter {
  enum class Mode : std::uint8_t {
    discard,  ///< a key that contains one of the words loses its value; so does a text value that contains `word=`
    keep      ///< every value is lost but those under exactly these keys, which are shown whole
  };
  Mode mode = Mode::discard;
  std::vector<std::string> words = {"password", "token", "secret"};

  /// A copy with "[FILTERED]" in place of what is not to be seen; below `max_depth` nothing is shown at all.
  Json apply(const Json& params, std::size_t max_depth = 32) const;
};

/// The life of an endpoint, one line per event, worded as Phoenix's logger: `JOINED room:lobby duration=21us transport=websocket
/// params={"nick":"ada"}`. Parameters are filtered, values of clients bounded and without control characters; topics that begin with
/// `phoenix` are not logged. Thread-safe if `write` is.
class LineLogger : public Observer {
 public:
  using Write = std::function<void(Level, std::string_view line)>;
  struct Options {
    Level level = Level::info;  ///< less important lines are not even made
    ParameterFilter filter{};
    std::size_t max_value = 1024;        ///< bytes of one value; more is cut and its size told
    std::size_t max_params = 64 * 1024;  ///< bytes of a payload that is worth parsing for a line
  };
  LineLogger(Options options, Write write);

  Durations durations() const noexcept override;
  void endpoint_start(const EndpointStart& e) override;
  void endpoint_stop(const EndpointStop& e) override;
  void router_dispatch_start(const RouterDispatch& e) override;
  void error_rendered(const ErrorRendered& e) override;
  void socket_connected(const SocketConnected& e) override;
  void socket_drain(const SocketDrain& e) override;
  void channel_joined(const ChannelJoined& e) override;
  void channel_handled_in(const ChannelHandledIn& e) override;
  void log(const LogEvent& e) override;

 private:
  bool wants(LogLevel level) const noexcept { return level && *level >= options_.level; }
  std::string value(std::string_view text) const;
  std::string params(const Json& json) const;
  std::string params(const Payload& payload) const;

  Options options_;
  Write write_;
};

/// Phoenix's durations: above 1000 us in whole milliseconds, else in microseconds.
std::string log_duration(Duration duration);

}  // namespace phx::server
