#include <phx/mock/mock_server.hpp>

#include <algorithm>

#include <phx/mock/mock.hpp>
#include <phx/relay/relay.hpp>
#include <phx/server/endpoint.hpp>
#include <phx/server/plugs.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/router.hpp>

#include "control.hpp"

namespace phx::mock {

using namespace server;

namespace {

/// What a mock file's `refuse` says becomes the answer.
Conn refuse(Conn conn, const std::string& reason) {
  const Json why = parse_json(reason).value_or(Json::object());
  conn.send_resp(why.value("status", 403), why.value("body", ""));
  return conn;
}

SocketMount mount(Mock& mock, PubSub& pubsub, const std::string& path) {
  SocketMount out;
  out.path = path;
  out.handler = std::make_shared<ChannelSocketHandler>(std::make_shared<MockUserSocket>(mock, path), pubsub);
  out.websocket->check_origin = CheckOrigin::off();
  out.websocket->error_handler = refuse;
  out.longpoll.emplace();
  out.longpoll->check_origin = CheckOrigin::off();
  return out;
}

std::vector<std::string> fixed_parts(const MockFile& file) {
  std::vector<std::string> out;
  for (const auto& socket : file.sockets) out.push_back(socket.path);
  for (const auto& route : file.routes) out.push_back(route.method + " " + route.path);
  return out;
}

Instant now() { return std::chrono::steady_clock::now(); }

}  // namespace

struct MockServer::Impl {
  Impl(MockFile given, MockServerOptions how)
      : options(std::move(how)),
        file(std::make_shared<const MockFile>(std::move(given))),
        journal(now()),
        mock(file, pubsub, journal, options.seed),
        endpoint(endpoint_options()) {
    mock.tell_time_with(now);
    mock.run_later_with([this](Duration delay, std::function<void()> work) {
      Shard& shard = endpoint.shard(0);
      shard.post([&shard, delay, run = std::move(work)] { shard.send_after(delay, run); });
    });
  }

  EndpointOptions endpoint_options() {
    EndpointOptions out;
    out.workers = 1;
    for (const MockSocket& socket : file->sockets) out.sockets.push_back(mount(mock, pubsub, socket.path));
    Router router;
    router.pipeline("control", {plug::accepts({"json"})});
    add_control(router, mock, relay_address);
    add_routes(router, file);
    out.plugs = {plug::parsers(), router.plug()};
    out.pubsub = &pubsub;
    out.observer = options.observer;
    out.drain.shutdown = std::chrono::seconds(1);
    return out;
  }

  Result<void> start() {
    if (auto started = endpoint.start(); !started) return started;
    relay::RelayOptions front;
    front.host = options.host;
    front.port = options.port;
    front.to = "ws://127.0.0.1:" + std::to_string(endpoint.port());
    front.seed = options.seed;
    front.faults = file->faults;
    front.faults.insert(front.faults.end(), options.faults.begin(), options.faults.end());
    relay = std::make_unique<relay::Relay>(std::move(front), journal);
    relay_address = relay.get();
    return relay->start();
  }

  void stop() {
    if (relay) relay->stop();
    endpoint.stop();
  }

  MockServerOptions options;
  std::shared_ptr<const MockFile> file;  // of the start; the relay's and the routes'
  Journal journal;
  PubSub pubsub;
  Mock mock;
  relay::Relay* relay_address = nullptr;  // for the control API, whose requests come through it
  Endpoint endpoint;
  std::unique_ptr<relay::Relay> relay;
};

MockServer::MockServer(MockFile file, MockServerOptions options) : impl_(std::make_unique<Impl>(std::move(file), std::move(options))) {}

MockServer::~MockServer() { stop(); }

Result<void> MockServer::start() { return impl_->start(); }

std::uint16_t MockServer::port() const noexcept { return impl_->relay ? impl_->relay->port() : std::uint16_t{0}; }

void MockServer::stop() { impl_->stop(); }

Journal& MockServer::journal() noexcept { return impl_->journal; }

bool MockServer::reload(MockFile file) {
  const bool same = fixed_parts(file) == fixed_parts(*impl_->file);
  const auto before = impl_->mock.file();
  auto next = std::make_shared<const MockFile>(std::move(file));
  if (impl_->relay && next->faults != before->faults) {
    impl_->relay->clear_faults();
    impl_->relay->add_faults(next->faults);
  }
  impl_->mock.use(std::move(next));
  impl_->journal.note("the mock file was read again", now());
  return same;
}

FileWatch::FileWatch(std::filesystem::path path) : path_(std::move(path)), seen_(look()) {}

std::optional<FileWatch::Seen> FileWatch::look() const {
  std::error_code ec;
  const auto time = std::filesystem::last_write_time(path_, ec);
  if (ec) return std::nullopt;
  const auto size = std::filesystem::file_size(path_, ec);
  return ec ? std::nullopt : std::optional(Seen{time, size});
}

bool FileWatch::changed() {
  const auto now_seen = look();
  if (!now_seen || now_seen == seen_) return false;
  seen_ = now_seen;
  return true;
}

}  // namespace phx::mock
