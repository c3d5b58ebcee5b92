#include "peer.hpp"

#include <stdexcept>

#include <phx/core/json.hpp>

namespace phx::server::test {

namespace {

class TestSession final : public TransportSession {
 public:
  TestSession(std::shared_ptr<Log> log, Shard& shard) : log_(std::move(log)), shard_(shard) {}
  void init(TransportLink& link, Instant) override { log_->link = link_ = &link; }
  void handle_in(Opcode op, std::string_view bytes, Instant) override {
    log_->messages.emplace_back(bytes);
    if (log_->act) return log_->act(*link_, bytes);
    shard_.write_frame(link_->outbox(), op, bytes);
  }
  void handle_control(bool ping, std::string_view bytes, Instant) override {
    log_->messages.push_back((ping ? "ping:" : "pong:") + std::string(bytes));
  }
  void terminate(CloseCause cause, Instant) override { log_->ends.push_back(cause); }
  bool drain(Instant) override {
    if (log_->drains) link_->close(1012, "");
    return log_->drains;
  }

 private:
  std::shared_ptr<Log> log_;
  Shard& shard_;
  TransportLink* link_ = nullptr;
};

SocketMount mount(std::string path, const std::shared_ptr<Log>& log, WebSocketOptions options = {}, bool channels = true) {
  return {.path = std::move(path), .handler = std::make_shared<TestHandler>(log, channels), .websocket = std::move(options)};
}

}  // namespace

tl::expected<std::unique_ptr<TransportSession>, ConnectRefused> TestHandler::connect(const ConnectRequest& request, Shard& shard) const {
  log_->connects.push_back(request.params.dump());
  log_->infos.push_back(request.info);
  const auto token = request.params.value("token", "");
  if (token == "deny") return tl::unexpected(ConnectRefused{R"({"reason":"denied"})"});
  if (token == "deny_atom") return tl::unexpected(ConnectRefused{R"("rate_limit")"});
  if (token == "crash") throw std::runtime_error("connect crashed");
  if (!token.empty() && token != "valid") return tl::unexpected(ConnectRefused{});
  return std::make_unique<TestSession>(log_, shard);
}

std::vector<SocketMount> fixture_mounts(const std::shared_ptr<Log>& log) {
  WebSocketOptions user;
  user.connect_info = {.peer_data = true, .x_headers = true, .uri = true, .user_agent = true};
  WebSocketOptions refusing;
  refusing.error_handler = [](Conn conn, const std::string& reason) {
    const auto why = Json::parse(reason);
    why.is_string() ? conn.send_resp(429, "Too many requests") : conn.send_resp(401, why.at("reason"));
    return conn;
  };
  WebSocketOptions sub;
  sub.subprotocols = {{"sip", "mqtt"}};
  WebSocketOptions v1_only;
  v1_only.serializers.pop_back();
  WebSocketOptions auth;
  auth.connect_info.x_headers = true;
  WebSocketOptions deflate;
  deflate.compress = true;
  WebSocketOptions raw;
  raw.timeout = 1500ms;
  std::vector<SocketMount> mounts{mount("/socket", log, user),      mount("/socket_err", log, refusing),
                                  mount("/socket_sub", log, sub),   mount("/socket_v1only", log, v1_only),
                                  mount("/socket_auth", log, auth), mount("/socket_deflate", log, deflate),
                                  mount("/room/:rid", log),         mount("/raw", log, raw, false)};
  mounts[4].auth_token = true;
  return mounts;
}

SocketDefaults fixture_defaults() {
  return {"localhost", CheckOrigin::list({"http://localhost:4100", "http://127.0.0.1:4100", "//allowed.example"})};
}

Peer::Peer(PlugChain plugs, HttpOptions options) : service_{options, std::move(plugs)}, worker_{service_, shard_, std::string(test_date)} {
  shard_.set_now(now_);
  core_ = std::make_unique<ConnectionCore>(worker_, *this, Conn::Peer{"192.0.2.7", 1234}, now_);
}

void Peer::send(std::string_view bytes) {
  std::string writable{bytes};
  core_->feed(writable, now_);
  turn();
}

void Peer::send_slowly(std::string_view bytes) {
  for (const char c : bytes) send({&c, 1});
}

void Peer::turn() {
  auto& dirty = shard_.dirty().outboxes;
  bool again = true;
  while (again) {
    shard_.run();
    again = false;
    for (std::size_t i = 0; i < dirty.size(); ++i) again |= static_cast<CarrierOutbox*>(dirty[i])->carrier().settle(now_);
  }
  for (auto* outbox : std::exchange(dirty, {})) {
    outbox->clean();
    for (const auto& slice : outbox->slices()) received_ += slice.view();
    outbox->consume(outbox->bytes());
  }
  if (core_->can_go_on()) core_->outbox().mark_dirty();  // for the next turn
}

void Peer::advance(Duration d) {
  now_ += d;
  shard_.set_now(now_);
  core_->on_deadline(now_);
  turn();
}

std::string Peer::take() { return std::exchange(received_, {}); }

std::string client_frame(core::ws::FrameOp op, std::string_view payload) {
  std::string out;
  core::ws::append_frame(out, op, payload, 0x01020304u);
  return out;
}

std::string server_frame(core::ws::FrameOp op, std::string_view payload) {
  std::string out;
  core::ws::append_frame(out, op, payload);
  return out;
}

std::string upgrade_request(std::string_view path, std::string_view more) {
  return "GET " + std::string(path) +
         " HTTP/1.1\r\nhost: localhost:4100\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
         "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n" +
         std::string(more) + "\r\n";
}

int status_of(std::string_view text) { return text.size() < 12 ? 0 : std::stoi(std::string(text.substr(9, 3))); }

}  // namespace phx::server::test
