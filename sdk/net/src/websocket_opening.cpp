// From a URL to an open WebSocket: lookup and TCP (TcpConnector, a proxy included), filter, opening handshake.

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <openssl/rand.h>

#include "websocket_connection.hpp"

namespace phx::net {
namespace {

/// Masks must be unpredictable to whoever chooses the payload (RFC 6455 10.3). Fetched sixteen at a time.
class RandomMasks {
 public:
  std::uint32_t operator()() {
    if (next_ == masks_.size()) {
      RAND_bytes(reinterpret_cast<unsigned char*>(masks_.data()), sizeof masks_);
      next_ = 0;
    }
    return masks_[next_++];
  }

 private:
  std::array<std::uint32_t, 16> masks_{};
  std::size_t next_ = masks_.size();
};

std::string random_key() {
  std::array<char, 16> bytes{};
  RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  return core::ws::make_key({bytes.data(), bytes.size()});
}

/// The first line of a refusal's body, when it is short text.
std::string first_line(std::string_view body) {
  const auto line = body.substr(0, body.find_first_of("\r\n"));
  const bool is_text = std::ranges::all_of(line, [](char c) { return c >= ' ' || c == '\t' || static_cast<unsigned char>(c) >= 0x80; });
  return is_text && line.size() <= 200 ? std::string(line) : std::string();
}

}  // namespace

void WebSocketTransport::Connection::open(const ConnectRequest& request) {
  if (phase_ != Phase::idle) throw std::logic_error("phx::net::Transport: open() called twice");
  phase_ = Phase::connecting;
  connect_deadline_ = std::chrono::steady_clock::now() + request.connect_timeout;
  auto url = parse_url(request.url);
  if (!url || !url->scheme.starts_with("ws")) {
    auto detail = "'" + request.url.substr(0, 200) + "' is not a ws:// or wss:// URL";
    return post([detail](Connection& self) { self.fail(Step::url, Errc::bad_url, detail); });
  }
  url_ = std::move(*url);
  if (url_.secure() && !options_.secure_filter) {
    return post([](Connection& self) {
      self.fail(Step::security, std::make_error_code(std::errc::protocol_not_supported),
                "this transport has no TLS, and does not go on without");
    });
  }
  handshake_options_ = {.host = url_.authority(),
                        .target = url_.target(),
                        .subprotocols = request.subprotocols,
                        .headers = request.headers,
                        .offer_deflate = options_.deflate.has_value(),
                        .deflate = options_.deflate.value_or(core::ws::DeflateOffer{})};
  connector_ = std::make_shared<TcpConnector>(executor_);
  connector_->start({.host = url_.host, .port = url_.port, .proxy = options_.proxy}, connect_deadline_,
                    [weak = weak_from_this()](tl::expected<boost::asio::ip::tcp::socket, ConnectFailure> result) {
                      if (const auto self = weak.lock()) self->on_connected(std::move(result));
                    });
}

void WebSocketTransport::Connection::on_connected(tl::expected<boost::asio::ip::tcp::socket, ConnectFailure> result) {
  if (phase_ != Phase::connecting) return;
  connector_.reset();
  if (!result) return fail(result.error().step, result.error().code, result.error().detail);
  socket_.emplace(std::move(*result));
  boost::system::error_code error;
  socket_->non_blocking(true, error);
  if (!error) socket_->set_option(boost::asio::ip::tcp::no_delay(true), error);
  if (error) return fail(Step::connect, error);
  arm(connect_deadline_ - std::chrono::steady_clock::now());
  if (url_.secure() && !secure()) return;
  if (!filter_ || filter_->ready()) begin_handshake();
  flush();
  if (phase_ != Phase::closed) wait_readable();
}

bool WebSocketTransport::Connection::secure() {
  phase_ = Phase::securing;
  filter_ = options_.secure_filter(url_);
  const auto error = filter_->start(wire_);
  if (error) fail(Step::security, error, filter_->detail());
  return !error;
}

void WebSocketTransport::Connection::begin_handshake() {
  phase_ = Phase::handshaking;
  handshake_ = std::make_unique<core::ws::ClientHandshake>(std::move(handshake_options_), random_key());
  plain_ += handshake_->request();
}

void WebSocketTransport::Connection::on_handshake_bytes(std::span<char> bytes) {
  const auto complete = handshake_->feed({bytes.data(), bytes.size()});
  if (!complete) return fail(Step::handshake, complete.error(), handshake_->detail());
  if (*complete) on_answer();
}

void WebSocketTransport::Connection::on_answer() {
  if (handshake_->answer().status != 101) return on_refused();
  const auto handshake = std::exchange(handshake_, nullptr);
  timer_.cancel();
  phase_ = Phase::open;
  core_.emplace(core::ws::Role::client, options_.limits, RandomMasks{}, options_.tap);
  if (const auto& params = handshake->answer().deflate) {
    deflate_ = std::make_unique<core::ws::DeflateContext>();
    core_->use_deflate(std::make_unique<core::ws::PerMessageDeflate>(core::ws::Role::client, *params, *deflate_));
  }
  events_->on_open(handshake->answer().subprotocol);
  std::string rest = handshake->rest();
  if (events_ && phase_ == Phase::open && !rest.empty()) on_plain(rest);
}

void WebSocketTransport::Connection::on_refused() {
  const auto& answer = handshake_->answer();
  TransportError error{.code = Errc::handshake_refused,
                       .step = Step::handshake,
                       .host = url_.host,
                       .port = url_.port,
                       .http_status = answer.status,
                       .http_headers = answer.headers,
                       .detail = first_line(answer.body)};
  end_ = {.code = 1006, .reason = {}, .clean = false, .why = error.code};
  events_->on_error(error);
  finish();
}

}  // namespace phx::net
