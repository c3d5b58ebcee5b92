#include <phx/testing/in_process.hpp>

#include <phx/core/serializer.hpp>
#include <phx/core/ws/websocket_core.hpp>
#include <phx/server/channel.hpp>
#include <phx/server/connection_core.hpp>
#include <phx/server/introspection.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/shard_thread.hpp>
#include <phx/server/user_socket.hpp>
#include <phx/testing/memory_network.hpp>
#include <phx/testing/memory_server.hpp>
#include <phx/testing/virtual_clock.hpp>

#include <stdexcept>
#include <utility>

#include "http_exchange.hpp"

namespace phx::testing {
namespace {

/// Blocking work runs in place.
class InPlace final : public server::BlockingExecutor {
 public:
  void submit(std::function<void()> work) override {
    const server::OffShard off;
    work();
  }
};

/// Phoenix's socket/3: no connect callback; the channels that the test names.
class BareSocket final : public server::UserSocket {
 public:
  BareSocket(const std::vector<std::pair<std::string, server::ChannelFactory>>& classes, Dial::Bare bare) : bare_(std::move(bare)) {
    for (const auto& [pattern, make] : classes) channel(pattern, make);
  }
  server::ConnectResult connect(const Json&, server::ConnectSocket& socket, const server::ConnectInfo&) const override {
    for (const auto& [key, value] : bare_.assigns.items()) socket.assign(key, value);
    return server::ConnectOk{};
  }
  std::optional<std::string> id(const server::ConnectSocket&) const override { return bare_.id; }

 private:
  Dial::Bare bare_;
};

class InProcess;

/// A session of the server, carried by the test.
class SessionPeer final : public Peer, public server::Carrier, public server::TransportLink {
 public:
  SessionPeer(InProcess& target, server::Shard& shard) : target_(target), shard_(shard), outbox_(shard.dirty(), *this) {}
  ~SessionPeer() override;

  void begin(tl::expected<std::unique_ptr<server::TransportSession>, server::ConnectRefused> session);

  void send(Opcode op, std::string_view bytes) override;
  void close(std::uint16_t code, std::string_view reason) override;  // Peer's and TransportLink's: who calls decides
  server::Outbox& outbox() noexcept override { return outbox_; }
  void pause_reading() override { ++holds_; }
  void resume_reading() override {
    if (--holds_ == 0) outbox_.mark_dirty();
  }

  bool settle(Instant now) override;
  void flush(Instant now) override;
  void end(server::CloseCause cause, const Ending& how);

 private:
  InProcess& target_;
  server::Shard& shard_;
  server::CarrierOutbox outbox_;
  std::unique_ptr<server::TransportSession> session_;
  core::ws::WebSocketCore frames_{core::ws::Role::client, core::ws::default_limits, [] { return 0u; }};
  std::deque<std::pair<Opcode, std::string>> unread_;
  std::optional<Ending> closing_;
  int holds_ = 0;
};

class InProcess final : public Target {
 public:
  InProcess(Application application, Instant start)
      : application_(std::move(application)),
        clock_(start),
        network_(clock_, {}, [this](Wire::End& end) { server_.accept(end); }),
        server_(clock_, plugs(application_)) {
    if (!application_.pubsub) application_.pubsub = std::make_shared<server::PubSub>();
    application_.pubsub->attach(server_.shard());
    server_.shard().set_blocking_executor(&executor_);
  }

  std::string name() const override { return "in process"; }
  Instant now() const override { return clock_.now(); }
  Duration patience(Duration written) const override { return written; }

  bool wait(Instant deadline) override {
    const std::uint64_t before = news_;
    clock_.settle();
    if (news_ != before) return true;
    if (clock_.advance_to_next_deadline(deadline)) return true;
    if (deadline > clock_.now()) clock_.advance(deadline - clock_.now());
    return false;
  }

  std::unique_ptr<Peer> dial(const Dial& dial) override;
  tl::expected<HttpResponse, std::string> request(const HttpRequest& request) override {
    Wire* wire = network_.connect();
    return exchange(*this, wire->client(), request, clock_.now() + std::chrono::seconds(30));
  }
  std::shared_ptr<void> subscribe(std::string_view topic, std::function<void(TopicBroadcast)> told) override {
    return application_.pubsub->subscribe(server_.shard(), topic, [this, told = std::move(told)](const server::Broadcast& b) {
      ++news_;
      told({b.topic, b.event, b.payload.json()});
    });
  }
  bool broadcast(std::string_view topic, std::string_view event, const Json& payload) override {
    server_.shard().post([this, topic = std::string(topic), event = std::string(event), payload = server::Payload(payload)] {
      application_.pubsub->broadcast(topic, event, payload);
    });
    return true;
  }
  bool send_info(std::string_view topic, const server::Info& message) override {
    for (const server::SocketInfo& socket : server::list_sockets(*application_.pubsub, server_.shard()))
      for (const server::ChannelInfo& channel : socket.channels)
        if (channel.topic == topic) channel.channel.send(message);
    return true;
  }
  void use_channel(std::string_view pattern, std::function<std::unique_ptr<server::Channel>()> make) override {
    classes_.emplace_back(pattern, std::move(make));
  }

  void happened() noexcept { ++news_; }

 private:
  static server::PlugChain plugs(const Application& application) {
    server::PlugChain chain{[](server::Conn conn) { return conn; }};  // where the sockets are behind a port
    chain.insert(chain.end(), application.plugs.begin(), application.plugs.end());
    return chain;
  }

  Application application_;
  InPlace executor_;
  VirtualClock clock_;
  MemoryNetwork network_;  // before the server, which lets go of its wires
  MemoryServer server_;
  std::vector<std::pair<std::string, server::ChannelFactory>> classes_;
  std::vector<std::shared_ptr<server::ChannelSocketHandler>> handlers_;  // outlive their sessions
  std::uint64_t news_ = 0;
};

std::unique_ptr<Peer> InProcess::dial(const Dial& dial) {
  std::shared_ptr<const server::UserSocket> socket = application_.user_socket;
  if (dial.bare) socket = std::make_shared<BareSocket>(classes_, *dial.bare);
  if (!socket) throw std::logic_error("connect: the application has no user_socket; use socket() with channel classes");
  handlers_.push_back(std::make_shared<server::ChannelSocketHandler>(std::move(socket), *application_.pubsub));
  Json params = dial.params;
  params["vsn"] = dial.vsn;
  server::ConnectInfo info;
  if (dial.connect_info) info = *dial.connect_info;
  if (dial.auth_token) info.auth_token = dial.auth_token;
  const server::ConnectRequest request{.params = params,
                                       .info = info,
                                       .transport = dial.via == Via::websocket ? "websocket" : "longpoll",
                                       .serializer = dial.vsn.starts_with("1.") ? &core::v1_serializer() : &core::v2_serializer()};
  auto peer = std::make_unique<SessionPeer>(*this, server_.shard());
  server_.shard().set_now(clock_.now());
  const server::Shard::Entered entered(server_.shard());
  try {
    peer->begin(handlers_.back()->connect(request, server_.shard()));
  } catch (const std::exception& error) {
    peer->ended = Ending{.http_status = 500, .detail = std::string("connect raised: ") + error.what()};
  }
  return peer;
}

SessionPeer::~SessionPeer() {
  if (!session_) return;
  const server::Shard::Entered entered(shard_);
  end(server::CloseCause::connection_lost, {});
  shard_.run();
  session_.reset();
}

void SessionPeer::begin(tl::expected<std::unique_ptr<server::TransportSession>, server::ConnectRefused> session) {
  if (!session) {
    ended = Ending{.http_status = 403, .detail = "connect refused" + (session.error().reason.empty() ? "" : ": " + session.error().reason)};
    ended->reason = session.error().reason;
    return;
  }
  session_ = std::move(*session);
  opened = true;
  session_->init(*this, shard_.now());
}

void SessionPeer::send(Opcode op, std::string_view bytes) {
  if (!session_ || ended) return;
  unread_.emplace_back(op, std::string(bytes));
  shard_.post([this] { outbox_.mark_dirty(); });
}

void SessionPeer::close(std::uint16_t code, std::string_view reason) {
  if (!session_ || closing_ || ended) return;
  closing_ = Ending{.code = code, .reason = std::string(reason), .detail = "closed"};
  if (shard_.is_current()) {
    outbox_.mark_dirty();  // the server closes
  } else {
    shard_.post([this] { end(server::CloseCause::peer_closed, *closing_); });
  }
}

void SessionPeer::end(server::CloseCause cause, const Ending& how) {
  if (ended) return;
  ended = how;
  unread_.clear();
  target_.happened();
  session_->terminate(cause, shard_.now());
}

bool SessionPeer::settle(Instant now) {
  if (ended) return false;
  if (closing_) {
    flush(now);
    end(server::CloseCause::local_close, *closing_);
    return true;
  }
  bool fed = false;
  const server::Shard::Entered entered(shard_);
  while (!unread_.empty() && holds_ == 0 && !closing_) {
    const auto [op, bytes] = std::move(unread_.front());
    unread_.pop_front();
    fed = true;
    try {
      session_->handle_in(op, bytes, now);
    } catch (const std::exception&) {
      closing_ = Ending{.code = 1011, .detail = "closed"};  // what a carrier does (transport.hpp)
    }
  }
  return fed;
}

void SessionPeer::flush(Instant now) {
  std::string bytes;
  for (const server::Slice& slice : outbox_.slices()) bytes += slice.view();
  outbox_.consume(bytes.size());
  std::string answers;
  frames_.feed(bytes, now);
  while (const auto event = frames_.next(now, answers)) {
    const auto* message = std::get_if<core::ws::WebSocketCore::Message>(&*event);
    if (!message) continue;
    inbox.push_back({now, message->op, std::string(message->data)});
    target_.happened();
  }
}

}  // namespace

std::unique_ptr<Target> in_process(Application application, Instant start) {
  return std::make_unique<InProcess>(std::move(application), start);
}

}  // namespace phx::testing
