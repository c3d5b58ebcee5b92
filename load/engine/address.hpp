#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

namespace phx::load {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

/// Where the users of a run connect to, and from where.
struct Endpoints {
  std::vector<Address> targets;  ///< in turn by user
  std::vector<Address> sources;  ///< empty: the system chooses
  std::string host;
  bool secure = false;
};

/// Looks the host of a ws:// or wss:// URL up, or instead of it the host:port of `connect_to`, to which users go in turn. With more users than one local address has ports for, a target on 127.0.0.0/8 gets
/// further 127.0.0.x as sources. Throws std::runtime_error (no such host) and std::invalid_argument (no such URL, a source that is not ours).
Endpoints resolve(const std::string& url, const std::vector<std::string>& connect_to, const std::vector<std::string>& sources,
                  std::size_t connections);

}  // namespace phx::load
