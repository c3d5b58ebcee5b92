#include "stub_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <stdexcept>

#include <phx/core/ws/handshake.hpp>

namespace phx::test {

using core::EnvelopeView;
using core::MessageView;

namespace {

core::ws::HeaderList read_headers(const std::string& head) {
  core::ws::HeaderList headers;
  std::istringstream lines(head);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && line != "\r") {
    const auto colon = line.find(':');
    if (colon == line.npos) continue;
    std::string name = line.substr(0, colon);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    auto value = line.substr(line.find_first_not_of(' ', colon + 1));
    if (value.ends_with('\r')) value.pop_back();
    headers.emplace_back(std::move(name), std::move(value));
  }
  return headers;
}

}  // namespace

StubServer::StubServer(OnHead on_head, OnMessage on_message) : on_head_(std::move(on_head)), on_message_(std::move(on_message)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 || ::getsockname(listener_, generic, &size) != 0)
    throw std::runtime_error("StubServer: cannot listen");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

StubServer::~StubServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  cut_all();
  for (auto& connection : open_) {
    connection.thread_.join();
    ::close(connection.fd_);
  }
}

void StubServer::accept_loop() {
  while (!stopping_) {
    const int fd = ::accept(listener_, nullptr, nullptr);
    if (fd < 0) continue;
    const std::scoped_lock lock(mutex_);
    reap();
    auto& connection = open_.emplace_back(*this, fd);
    ++accepted_;
    connection.thread_ = std::thread([&connection] {
      connection.run();
      connection.ended_ = true;  // its last use
    });
  }
}

/// What is over takes up neither threads nor descriptors. Under the lock.
void StubServer::reap() {
  std::erase_if(open_, [](Connection& connection) {
    if (!connection.ended_) return false;
    connection.thread_.join();
    ::close(connection.fd_);
    return true;
  });
}

std::string StubServer::last_head() {
  const std::scoped_lock lock(mutex_);
  return last_head_;
}

void StubServer::broadcast(std::string_view topic, std::string_view event, std::string_view payload) {
  const std::scoped_lock lock(mutex_);
  for (auto& connection : open_)
    connection.send({.kind = MessageView::Kind::broadcast, .topic = topic, .event = event, .payload = payload});
}

void StubServer::cut_all() {
  const std::scoped_lock lock(mutex_);
  for (auto& connection : open_) connection.cut();
}

void StubServer::Connection::cut() { ::shutdown(fd_, SHUT_RDWR); }

bool StubServer::Connection::read(std::string& into) {
  std::array<char, 64 * 1024> buffer;
  const auto n = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (n <= 0) return false;
  into.assign(buffer.data(), static_cast<std::size_t>(n));
  return true;
}

void StubServer::Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool StubServer::Connection::handshake() {
  std::string head, piece;
  while (head.find("\r\n\r\n") == head.npos) {
    if (!read(piece)) return false;
    head += piece;
  }
  const auto end = head.find("\r\n\r\n") + 4;
  rest_ = head.substr(end);
  head.resize(end);
  {
    const std::scoped_lock lock(server_.mutex_);
    server_.last_head_ = head;
  }
  if (server_.on_head_) {
    if (const auto answer = server_.on_head_(head); !answer.empty()) {
      write(answer);
      return false;
    }
  }
  const auto accept = core::ws::check_upgrade(read_headers(head), core::ws::Strictness::strict);
  if (!accept) return false;
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + *accept + "\r\n";
  if (head.find("phoenix, base64url") != head.npos) answer += "Sec-WebSocket-Protocol: phoenix\r\n";
  write(answer + "\r\n");
  return true;
}

void StubServer::Connection::run() {
  if (!handshake()) return cut();
  core::EnvelopeScratch scratch;
  std::string bytes = std::move(rest_);
  do {
    core_.feed(bytes, Instant{});
    while (true) {
      std::string out;
      std::optional<core::ws::WebSocketCore::Event> event;
      {
        const std::scoped_lock lock(write_mutex_);
        event = core_.next(Instant{}, out);
        write(out);
      }
      if (!event) break;
      if (std::holds_alternative<core::ws::WebSocketCore::Closed>(*event)) return cut();
      if (const auto* message = std::get_if<core::ws::WebSocketCore::Message>(&*event)) {
        if (const auto envelope = core::v2_serializer().decode_client(message->op, message->data, scratch)) handle(*envelope);
      }
    }
  } while (read(bytes));
}

void StubServer::Connection::send(const MessageView& message) {
  std::string body, out;
  const auto op = core::v2_serializer().encode(message, body);
  const std::scoped_lock lock(write_mutex_);
  if (core_.state() != core::ws::WebSocketCore::State::open) return;
  core_.send(op.value(), body, Instant{}, out);
  write(out);
}

void StubServer::Connection::reply(const EnvelopeView& to, std::string_view status, std::string_view response) {
  send({.kind = MessageView::Kind::reply,
        .join_ref = to.join_ref,
        .ref = to.ref,
        .topic = to.topic,
        .event = "phx_reply",
        .status = status,
        .payload = response,
        .payload_kind = to.payload_kind});
}

void StubServer::Connection::close(std::uint16_t code) {
  std::string out;
  const std::scoped_lock lock(write_mutex_);
  core_.close(code, {}, Instant{}, out);
  write(out);
}

void StubServer::Connection::handle(const EnvelopeView& message) {
  if (server_.on_message_ && server_.on_message_(*this, message)) return;
  const auto& event = message.event;
  if (event == "silent") return;
  if (event == "cut") return cut();
  if (event == "close") return close(1012);
  if (event == "refuse") return reply(message, "error", R"({"reason":"no"})");
  if (event == "crash")
    return send({.kind = MessageView::Kind::push,
                 .join_ref = message.join_ref,
                 .ref = message.join_ref,
                 .topic = message.topic,
                 .event = "phx_error"});
  if (event == "twice") {
    for (const auto* payload : {R"({"n":1})", R"({"n":2})"})
      send({.kind = MessageView::Kind::push, .join_ref = message.join_ref, .topic = message.topic, .event = "echo", .payload = payload});
  }
  if (event == "shout") server_.broadcast(message.topic, "shout", message.payload);
  reply(message, "ok", event == "phx_join" || event == "phx_leave" || event == "heartbeat" ? "{}" : message.payload);
}

}  // namespace phx::test
