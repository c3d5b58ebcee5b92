#include "world.hpp"

#include <stdexcept>
#include <utility>

namespace phx::server::test {

namespace {

class RawSession final : public TransportSession {
 public:
  RawSession(std::shared_ptr<Log> log, Shard& shard) : log_(std::move(log)) { log_->shard = &shard; }
  void init(TransportLink& link, Instant) override { log_->link = link_ = &link; }
  void handle_in(Opcode op, std::string_view bytes, Instant) override {
    log_->messages.push_back((op == Opcode::text ? "text:" : "binary:") + std::string(bytes));
    if (log_->act) return log_->act(*link_, bytes);
    log_->write(bytes, op);
  }
  void terminate(CloseCause cause, Instant) override { log_->ends.push_back(cause); }
  bool drain(Instant) override {
    if (log_->drains) link_->close(1012, "");
    return log_->drains;
  }

 private:
  std::shared_ptr<Log> log_;
  TransportLink* link_ = nullptr;
};

class RawHandler final : public TransportHandler {
 public:
  explicit RawHandler(std::shared_ptr<Log> log) : log_(std::move(log)) {}
  bool speaks_channels() const noexcept override { return false; }
  tl::expected<std::unique_ptr<TransportSession>, ConnectRefused> connect(const ConnectRequest& request, Shard& shard) const override {
    log_->connects.push_back(request.params.dump());
    log_->infos.push_back(request.info);
    const auto auth = request.params.value("auth", "");
    if (auth == "deny") return tl::unexpected(ConnectRefused{R"({"reason":"denied"})"});
    if (auth == "crash") throw std::runtime_error("connect crashed");
    return std::make_unique<RawSession>(log_, shard);
  }

 private:
  std::shared_ptr<Log> log_;
};

}  // namespace

std::shared_ptr<const TransportHandler> raw_handler(std::shared_ptr<Log> log) { return std::make_shared<RawHandler>(std::move(log)); }

Exchange::Exchange(testing::VirtualClock& clock, testing::MemoryServer& server, std::string_view request)
    : clock_(clock), wire_(clock, {}) {
  wire_.client().attach({.on_bytes = [this](std::span<char> bytes) { in_.append(bytes.data(), bytes.size()); }, .on_end = [] {}});
  server.accept(wire_.server());
  wire_.client().write(request);
  clock_.settle();
}

Exchange::~Exchange() { hang_up(); }

void Exchange::hang_up() {
  wire_.client().attach({});
  wire_.client().close();
  clock_.settle();
}

bool Exchange::answered() {
  clock_.settle();
  return in_.find("\r\n\r\n") != std::string::npos;
}

std::string Exchange::text() {
  if (!answered()) throw std::runtime_error("no answer yet");
  return in_;
}

int Exchange::http_status() { return std::stoi(text().substr(9, 3)); }

std::string Exchange::header(std::string_view name) {
  const auto got = text();
  const auto at = got.find("\r\n" + std::string(name) + ": ");
  if (at == std::string::npos) return "(none)";
  const auto begin = at + name.size() + 4;
  return got.substr(begin, got.find("\r\n", begin) - begin);
}

Json Exchange::body() { return Json::parse(text().substr(text().find("\r\n\r\n") + 4)); }
int Exchange::status() { return body().at("status").get<int>(); }
std::string Exchange::token() { return body().at("token").get<std::string>(); }
Json Exchange::messages() { return body().at("messages"); }

World::World(SocketMount mount, std::size_t workers) {
  const PlugChain plugs{socket_plug({std::move(mount)}, {})};
  for (std::size_t i = 0; i < workers; ++i) servers.emplace_back(clock, plugs, HttpOptions{}, i);
}

std::unique_ptr<Exchange> World::ask(std::string_view method, std::string_view path, std::string_view headers, std::string_view body,
                                     std::size_t worker) {
  std::string request = std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nhost: localhost\r\n" + std::string(headers);
  if (method == "POST") request += "content-length: " + std::to_string(body.size()) + "\r\n";
  return std::make_unique<Exchange>(clock, servers.at(worker), request + "\r\n" + std::string(body));
}

std::unique_ptr<Exchange> World::get(std::string_view path, std::string_view headers, std::size_t worker) {
  return ask("GET", path, headers, {}, worker);
}

std::unique_ptr<Exchange> World::post(std::string_view path, std::string_view body, std::string_view type, std::size_t worker) {
  return ask("POST", path, "content-type: " + std::string(type) + "\r\n", body, worker);
}

std::string World::open(std::string_view path) { return get(path)->token(); }

SocketMount mount(std::shared_ptr<const TransportHandler> handler, LongPollOptions options) {
  SocketMount out;
  out.path = "/socket";
  out.handler = std::move(handler);
  out.websocket = std::nullopt;
  out.longpoll = std::move(options);
  return out;
}

LongPollOptions short_window() {
  LongPollOptions options;
  options.window = 400ms;
  return options;
}

}  // namespace phx::server::test
