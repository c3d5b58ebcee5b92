#include "connection.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>

#include <phx/core/json.hpp>

namespace phx::relay {

namespace asio = boost::asio;
using scenario::RelayWrite;

namespace {

constexpr Instant encrypted{};                         // the time of bytes for the wire: ahead of all plain ones
constexpr auto end_timeout = std::chrono::seconds(5);  // for a peer to read what is left for it
constexpr std::size_t max_waiting = 4u << 20;          // bytes for one side before the other is not read any more

bool is_longpoll(std::string_view target) { return target.substr(0, target.find('?')).ends_with("/longpoll"); }

}  // namespace

std::string query_value(std::string_view target, std::string_view name) {
  std::size_t at = target.find('?');
  while (at != std::string_view::npos) {
    const std::string_view rest = target.substr(at + 1);
    if (rest.starts_with(name) && rest.size() > name.size() && rest[name.size()] == '=')
      return std::string(rest.substr(name.size() + 1, rest.find('&') - name.size() - 1));
    at = target.find('&', at + 1);
  }
  return {};
}

Connection::Connection(Shared& shared, Socket client)
    : shared_(shared), client_(std::move(client)), server_(Socket(client_.socket.get_executor())), timer_(client_.socket.get_executor()) {
  client_.connected = true;
}

void Connection::start() { read(Direction::to_server); }

RelayClient Connection::info() const { return {c_, "websocket", target_, silent(), received_, sent_}; }

// ---- bytes in ----

/// What the side opposite of `toward` sends.
void Connection::read(Direction toward) {
  Lane& from = lane(opposite(toward));
  if (from.reading || from.gone || !from.connected || finished_) return;
  std::size_t waiting = 0;
  for (const RelayWrite& write : lane(toward).waiting) waiting += write.bytes.size();
  if (waiting > max_waiting) return;
  from.reading = true;
  from.socket.async_read_some(asio::buffer(from.in), [self = shared_from_this(), toward](boost::system::error_code ec, std::size_t n) {
    self->lane(opposite(toward)).reading = false;
    if (self->finished_) return;
    if (ec) return self->on_gone(toward);
    self->on_read(toward, n);
    self->read(toward);
  });
}

void Connection::on_read(Direction toward, std::size_t n) {
  Lane& from = lane(opposite(toward));
  const std::span<char> bytes = std::span(from.in).first(n);
  if (toward == Direction::to_server || !filter_) return on_bytes(toward, bytes);
  std::string plain, wire;
  const auto error = filter_->from_wire(bytes, plain, wire);
  if (!wire.empty()) queue({Direction::to_server, std::move(wire), encrypted});
  if (!plain.empty()) on_bytes(toward, plain);
  if (error) return on_gone(toward);
  pump(Direction::to_server);
}

void Connection::on_bytes(Direction toward, std::span<char> bytes) {
  if (relay_) {
    if (toward == Direction::to_client && !upgraded_) on_answer({bytes.data(), bytes.size()});
    const std::uint64_t outer = std::exchange(shared_.acting, c_);
    relay_->on_bytes(toward, bytes, clock_now(), actions_);
    shared_.acting = outer;
    return perform();
  }
  if (!http_) return on_head(bytes);
  if (is_longpoll_) return on_longpoll_bytes(toward, {bytes.data(), bytes.size()});
  queue({toward, std::string(bytes.data(), bytes.size()), clock_now()});
  if (toward == Direction::to_server) {
    const bool told = request_.complete();
    request_.feed({bytes.data(), bytes.size()});
    if (!told && request_.complete()) tell_request();
  } else {
    on_answer({bytes.data(), bytes.size()});
  }
}

void Connection::on_head(std::span<char> bytes) {
  head_.append(bytes.data(), bytes.size());
  const std::size_t end = head_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (head_.size() > HttpMessage::max_head) drop();
    return;
  }
  auto head = HttpHead::parse(std::string_view(head_).substr(0, end));
  std::string rest = head_.substr(end + 4);
  head_.clear();
  if (!head || head->status() != 0) return drop();
  target_ = head->target();
  if (const std::string vsn = query_value(target_, "vsn"); !vsn.empty() || head->wants_websocket()) vsn_ = vsn.empty() ? "1.0.0" : vsn;
  head->set("Host", shared_.to.authority());
  if (head->wants_websocket()) return begin_websocket(std::move(*head), std::move(rest));
  begin_http(std::move(*head), std::move(rest));
}

void Connection::begin_websocket(HttpHead head, std::string rest) {
  c_ = ++shared_.last;
  shared_.events.on_open(c_, target_, true, clock_now());
  head.remove("Sec-WebSocket-Extensions");  // the rules act on plain messages
  scenario::FaultRelay::Options options;
  options.mask_seed = c_;
  options.tap = this;
  relay_.emplace(shared_.engine, scenario::serializer_for(vsn_), options);
  std::string bytes = head.text() + rest;
  shared_.acting = c_;
  relay_->on_bytes(Direction::to_server, bytes, clock_now(), actions_);
  shared_.acting = 0;
  perform();
  if (!ends_at_ && !finished_) connect();
}

void Connection::begin_http(HttpHead head, std::string rest) {
  http_ = true;
  head.set("Connection", "close");
  head.remove("Keep-Alive");
  is_longpoll_ = is_longpoll(target_) && (head.method() == "GET" || head.method() == "POST");
  if (is_longpoll_) {
    head.remove("Accept-Encoding");  // the rules act on plain messages
    return on_longpoll_bytes(Direction::to_server, head.text() + rest);
  }
  const std::string bytes = head.text() + rest;
  request_.feed(bytes);
  queue({Direction::to_server, bytes, clock_now()});
  if (request_.complete()) tell_request();
  connect();
}

// ---- the way to the target ----

void Connection::connect() {
  asio::async_connect(server_.socket, shared_.endpoints, [self = shared_from_this()](boost::system::error_code ec, const auto&) {
    if (self->finished_) return;
    if (ec) return self->fail("cannot connect to " + self->shared_.to.authority() + ": " + ec.message());
    boost::system::error_code ignored;
    self->server_.socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    self->on_connected();
  });
}

void Connection::on_connected() {
  server_.connected = true;
  if (shared_.to.secure()) {
    filter_ = shared_.tls(shared_.to);
    std::string hello;
    if (const auto error = filter_->start(hello)) return fail("TLS: " + error.message() + " " + filter_->detail());
    queue({Direction::to_server, std::move(hello), encrypted});
  }
  pump(Direction::to_server);
  read(Direction::to_client);
}

/// The client is told as a gateway tells it.
void Connection::fail(const std::string& what) {
  if (c_ == 0) c_ = ++shared_.last;
  shared_.events.on_error(c_, what, clock_now());
  const std::string body = what + "\n";
  server_.gone = true;
  server_.waiting.clear();
  queue({Direction::to_client,
         "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: " + std::to_string(body.size()) +
             "\r\n\r\n" + body,
         clock_now()});
  finish();
}

// ---- who looks on ----

void Connection::on_message(Direction direction, core::Opcode op, std::string_view bytes, Instant now) {
  ++(direction == Direction::to_server ? received_ : sent_);
  shared_.events.on_message(c_, direction, op, bytes, vsn_, now);
}

void Connection::on_close(Direction direction, std::uint16_t code, std::string_view reason, Instant now) {
  if (std::exchange(closed_told_, true)) return;
  shared_.events.on_close(c_, direction, code, reason, now);
}

void Connection::on_answer(std::string_view bytes) {
  const bool told = answer_.complete();
  answer_.feed(bytes);
  if (told || !answer_.complete()) return;
  upgraded_ = answer_.head().status() == 101;
  if (!upgraded_) tell_answer();
}

std::uint64_t Connection::session_number() {
  const auto known = shared_.sessions.find(longpoll_token());
  return known != shared_.sessions.end() ? known->second : ++shared_.last;
}

void Connection::tell_request() {
  c_ = session_number();
  shared_.events.on_http(c_, Direction::to_server, request_.head().method(), target_, {}, request_.body(), clock_now());
}

void Connection::tell_answer() {
  const std::string method = request_.has_head() ? std::string(request_.head().method()) : "GET";
  shared_.events.on_http(c_, Direction::to_client, method, target_, answer_.head().status(), answer_.body(), clock_now());
}

// ---- bytes out ----

void Connection::perform() {
  bool cut = false;
  for (auto& action : std::exchange(actions_, {})) {
    if (auto* write = std::get_if<RelayWrite>(&action))
      queue(std::move(*write));
    else
      cut = true;
  }
  if (cut) return finish();
  arm();
}

void Connection::queue(RelayWrite write) {
  Lane& to = lane(write.direction);
  const Direction direction = write.direction;
  const auto place = std::ranges::upper_bound(to.waiting, write.at, {}, &RelayWrite::at);
  to.waiting.insert(place, std::move(write));
  pump(direction);
}

/// Everything that is due, with one write.
void Connection::pump(Direction direction) {
  Lane& to = lane(direction);
  if (!to.writing.empty() || !to.connected || to.gone) return;
  const Instant now = clock_now();
  const bool secret = direction == Direction::to_server && filter_;
  while (!to.waiting.empty() && to.waiting.front().at <= now) {
    const bool wire = to.waiting.front().at == encrypted;
    if (secret && !wire && !filter_->ready()) break;
    if (secret && !wire)
      (void)filter_->to_wire(to.waiting.front().bytes, to.writing);
    else
      to.writing += to.waiting.front().bytes;
    to.waiting.pop_front();
  }
  if (to.writing.empty()) return arm();
  asio::async_write(to.socket, asio::buffer(to.writing), [self = shared_from_this(), direction](boost::system::error_code ec, std::size_t) {
    Lane& written = self->lane(direction);
    written.writing.clear();
    if (self->finished_) return;
    if (ec) return self->on_gone(opposite(direction));
    self->pump(direction);
    self->read(direction);
    if (self->ends_at_ || self->is_answered()) self->finish();
  });
}

void Connection::arm() {
  std::optional<Instant> next;
  const auto earlier = [&](std::optional<Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const Lane* to : {&client_, &server_})
    if (to->connected && !to->gone && to->writing.empty() && !to->waiting.empty() && to->waiting.front().at > clock_now())
      earlier(to->waiting.front().at);
  if (relay_) earlier(relay_->next_deadline());
  if (longpoll_ && !ends_when_written_) earlier(longpoll_->next_deadline());
  earlier(ends_at_);
  if (!next || finished_) return;
  timer_.expires_at(*next);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
    if (ec || self->finished_) return;
    if (self->ends_at_) return self->finish();
    if (self->relay_) {
      self->shared_.acting = self->c_;
      self->relay_->on_deadline(clock_now(), self->actions_);
      self->shared_.acting = 0;
      self->perform();
    }
    if (self->longpoll_) {
      self->longpoll_->on_deadline(clock_now());
      wake_poll(*self->longpoll_);
    }
    self->pump(Direction::to_client);
    self->pump(Direction::to_server);
  });
}

// ---- the end ----

/// The side opposite of `toward` sends nothing any more.
void Connection::on_gone(Direction toward) {
  lane(opposite(toward)).gone = true;
  if (silent() && !lane(toward).gone) return;
  if (is_longpoll_ && toward == Direction::to_client) {
    on_longpoll_end();
    const bool waits_for_good = longpoll_ && longpoll_->state() == scenario::FaultLink::State::silent;
    if (finished_ || waits_for_good || (ends_when_written_ && !is_answered())) return;
  }
  if (toward == Direction::to_client && !relay_ && !answer_.complete() && answer_.has_head()) {
    answer_.finish();
    if (answer_.complete()) tell_answer();
  }
  lane(opposite(toward)).waiting.clear();
  finish();
}

/// What is due for a side that is still there is written first.
void Connection::finish() {
  if (finished_) return;
  if (!ends_at_) ends_at_ = clock_now() + end_timeout;
  bool busy = false;
  for (const Direction d : {Direction::to_client, Direction::to_server}) {
    pump(d);
    busy |= !lane(d).gone && !lane(d).writing.empty();
  }
  if (!busy || clock_now() >= *ends_at_) return drop();
  arm();
}

/// The answer of a long-poll request is with its client.
bool Connection::is_answered() const noexcept { return ends_when_written_ && client_.waiting.empty() && client_.writing.empty(); }

void Connection::end(std::uint16_t code, const std::string& reason) {
  if (!relay_) return;
  const Instant now = clock_now();
  if (!std::exchange(closed_told_, true)) shared_.events.on_close(c_, {}, code, reason, now);
  relay_->end({code, reason}, now, actions_);
  perform();
}

void Connection::fall_silent() {
  if (relay_) relay_->fall_silent();
}

void Connection::drop() {
  if (std::exchange(finished_, true)) return;
  if (relay_ && upgraded_ && !closed_told_) shared_.events.on_close(c_, {}, 1006, {}, clock_now());
  boost::system::error_code ignored;
  timer_.cancel();
  client_.socket.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  client_.socket.close(ignored);
  server_.socket.close(ignored);
  shared_.connections.erase(this);
}

}  // namespace phx::relay
