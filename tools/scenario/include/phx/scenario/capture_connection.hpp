#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <phx/scenario/capture.hpp>

namespace phx::scenario {

/// How a connection was opened. One tool writes the connections of many clients into one capture, each with its own vsn and params.
struct CaptureConnection {
  std::string url = {};  ///< what the SDK takes: without the transport's suffix and the query
  std::string transport = "websocket", vsn = "2.0.0";
  std::vector<std::pair<std::string, std::string>> params = {};  ///< decoded, in order, as the URL has them: "user[name]"; not `vsn`
  bool operator==(const CaptureConnection&) const = default;
};

/// What a capture says about its connections: by their `open` events, those of long-poll by their first request, else by the header.
/// A URL as it is on the wire (`/socket/websocket?...`) counts fully: without `vsn` in it that is 1.0.0, as servers take it.
class CaptureConnections {
 public:
  explicit CaptureConnections(const Capture& capture);
  /// Of any number; one that the capture has no word about is like the header.
  const CaptureConnection& of(std::uint64_t c) const;
  const core::Serializer& serializer(std::uint64_t c) const { return serializer_for(of(c).vsn); }

 private:
  CaptureConnection header_;
  std::map<std::uint64_t, CaptureConnection> known_;
};

}  // namespace phx::scenario
