#include <phx/testing/played_server.hpp>

#include "subscribers.hpp"

namespace phx::testing {

PlayedServer::PlayedServer() : subscribers_(std::make_unique<Subscribers>()) {}
PlayedServer::~PlayedServer() = default;

bool PlayedServer::wait(Instant deadline) {
  if (clock_.advance_to_next_deadline(deadline)) return true;
  if (deadline > clock_.now()) clock_.advance(deadline - clock_.now());
  return false;
}

tl::expected<HttpResponse, std::string> PlayedServer::request(const HttpRequest&) {
  return tl::unexpected("a " + name() + " has no HTTP routes");
}

std::shared_ptr<void> PlayedServer::subscribe(std::string_view topic, std::function<void(TopicBroadcast)> told) {
  return subscribers_->add(topic, std::move(told));
}

}  // namespace phx::testing
