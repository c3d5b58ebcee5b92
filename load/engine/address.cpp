#include "engine/address.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <phx/net/url.hpp>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace phx::load {
namespace {

/// Of the 28 000 local ports Linux gives the even half away first. Behind that it looks through all of them for every connection, a millisecond each.
constexpr std::size_t ports_of_one_source = 12'000;

std::vector<Address> look_up(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list); error != 0)
    throw std::runtime_error("cannot look up '" + host + "': " + ::gai_strerror(error));
  std::vector<Address> out;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    Address address;
    std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
    address.size = at->ai_addrlen;
    if (out.empty() || out[0].storage.ss_family == address.storage.ss_family) out.push_back(address);
  }
  ::freeaddrinfo(list);
  return out;
}

std::vector<Address> look_up_all(const std::vector<std::string>& hosts_and_ports) {
  std::vector<Address> out;
  for (const std::string& text : hosts_and_ports) {
    const auto parsed = net::parse_url("ws://" + text);
    if (!parsed || text.find('/') != std::string::npos) throw std::invalid_argument("--connect-to '" + text + "' is no host:port");
    for (const Address& address : look_up(parsed->host, std::to_string(parsed->port))) out.push_back(address);
  }
  return out;
}

Address literal(const std::string& text) {
  Address out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    out.size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    out.size = sizeof *v6;
  } else {
    throw std::invalid_argument("--source '" + text + "' is no IP address");
  }
  return out;
}

/// Tried before the run: in it, the error of an address that is not ours is the same as that of ports that are used up.
Address own(const std::string& text, const Address& target) {
  const Address out = literal(text);
  if (out.storage.ss_family != target.storage.ss_family)
    throw std::invalid_argument("--source '" + text + "' and the target are not both IPv4 or both IPv6");
  const int fd = ::socket(out.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::system_error(errno, std::system_category(), "socket");
  const int error = ::bind(fd, reinterpret_cast<const sockaddr*>(&out.storage), out.size) < 0 ? errno : 0;
  ::close(fd);
  if (error != 0)
    throw std::invalid_argument("--source '" + text + "': " + std::system_category().message(error) +
                                "; it must be an address of this machine, as `ip address` lists them");
  return out;
}

bool is_loopback(const Address& address) {
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
  return address.storage.ss_family == AF_INET && (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
}

}  // namespace

Endpoints resolve(const std::string& url, const std::vector<std::string>& connect_to, const std::vector<std::string>& sources,
                  std::size_t connections) {
  const auto parsed = net::parse_url(url);
  if (!parsed) throw std::invalid_argument("'" + url + "' is no URL such as ws://127.0.0.1:4000/socket");
  Endpoints out;
  out.host = parsed->host;
  out.secure = parsed->secure();
  out.targets = connect_to.empty() ? look_up(parsed->host, std::to_string(parsed->port)) : look_up_all(connect_to);
  for (const std::string& source : sources) out.sources.push_back(own(source, out.targets.front()));
  if (sources.empty() && is_loopback(out.targets.front()) && connections > ports_of_one_source) {
    for (std::size_t i = 0; i <= connections / ports_of_one_source && i < 250; ++i)
      out.sources.push_back(literal("127.0.0." + std::to_string(2 + i)));
  }
  return out;
}

}  // namespace phx::load
