#include <phx/server/channel.hpp>

#include <stdexcept>
#include <string>

#include <phx/server/socket.hpp>

namespace phx::server {

HandleResult Channel::handle_in(std::string_view event, const Payload&, Socket&) {
  throw std::logic_error("no handle_in clause for " + std::string(event));
}

HandleResult Channel::handle_out(std::string_view event, const Payload&, Socket&) {
  throw std::logic_error("intercepts " + std::string(event) + " without handle_out");
}

HandleResult Channel::handle_info(const Info&, Socket& socket) {
  socket.warn("unexpected message in a channel without handle_info");
  return NoReply{};
}

}  // namespace phx::server
