#include <phx/net/longpoll_transport.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <phx/core/client/longpoll_core.hpp>
#include <phx/core/client/url.hpp>
#include <phx/net/url.hpp>

namespace phx::net {

namespace asio = boost::asio;

namespace {

Instant now() { return std::chrono::steady_clock::now(); }

/// Throws std::invalid_argument. The names that a request of ours has anyway are the WebSocket's as well.
void check_headers(const HeaderList& headers) {
  core::ws::ClientHandshake({.host = "host", .target = "/", .subprotocols = {}, .headers = headers, .offer_deflate = false}, {});
}

}  // namespace

/// What the transport owns together with its operations in flight. `events_` is null once the transport is gone or has reported its
/// end. Effects wait in a queue until the executor's next turn, unless we are in one of ours: nobody is called from inside a call.
class LongPollTransport::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(const asio::any_io_executor& executor, TransportEvents& events, LongPollTransportOptions options)
      : executor_(executor), events_(&events), options_(std::move(options)), timer_(executor) {}

  void open(const ConnectRequest& request);
  void send(Opcode op, std::string_view data);
  void close(std::optional<std::uint16_t> code, std::string_view reason);
  void abandon();
  std::size_t buffered_bytes() const { return core_ ? core_->buffered_bytes() : 0; }

 private:
  void run();
  void run_later();
  void arm();
  void on_outcome(core::LongPollRequestId id, tl::expected<HttpAnswer, TransportError> outcome);

  void perform(core::LongPollRequest& e);
  void perform(const core::LongPollAbort& e);
  void perform(const core::LongPollOpened&) { events_->on_open({}); }
  void perform(const core::LongPollMessage& e);
  void tap(core::ws::FrameTap::Direction direction, Opcode op, std::string_view data);
  void perform(const core::LongPollError& e);
  void perform(const core::LongPollClosed& e);

  asio::any_io_executor executor_;
  TransportEvents* events_;
  LongPollTransportOptions options_;
  Url url_;
  Duration connect_timeout_{};
  std::unique_ptr<HttpClient> http_;
  std::optional<core::LongPollCore> core_;
  std::unordered_map<core::LongPollRequestId, HttpClient::Id> requests_;
  core::LongPollEffects effects_;
  TransportError failure_;     // of the request that got no answer
  HeaderList answer_headers_;  // of the one that did
  std::error_code why_;        // what on_close will say
  asio::steady_timer timer_;
  bool running_ = false;
  bool run_scheduled_ = false;
};

LongPollTransport::LongPollTransport(const asio::any_io_executor& executor, TransportEvents& events, LongPollTransportOptions options)
    : session_(std::make_shared<Session>(executor, events, std::move(options))) {}
LongPollTransport::~LongPollTransport() { session_->abandon(); }
void LongPollTransport::open(const ConnectRequest& request) { session_->open(request); }
void LongPollTransport::send(Opcode op, std::string_view data) { session_->send(op, data); }
void LongPollTransport::close(std::optional<std::uint16_t> code, std::string_view reason) { session_->close(code, reason); }
std::size_t LongPollTransport::buffered_bytes() const { return session_->buffered_bytes(); }

// ---- the owner ----

void LongPollTransport::Session::open(const ConnectRequest& request) {
  if (core_) throw std::logic_error("phx::net::Transport: open() called twice");
  check_headers(request.headers);
  const auto url = core::longpoll_url(request.url);
  if (const auto parsed = parse_url(url)) url_ = *parsed;  // otherwise the first request says what is wrong
  connect_timeout_ = request.connect_timeout;
  http_ = std::make_unique<HttpClient>(executor_, options_.http);
  core_.emplace(core::LongPollOptions{.url = url,
                                      .auth_token = core::auth_token_of(request.subprotocols),
                                      .headers = request.headers,
                                      .token_in_header = options_.token_in_header,
                                      .ndjson = options_.ndjson,
                                      .timeout = options_.timeout,
                                      .connect_timeout = request.connect_timeout});
  core_->open(now());
  arm();
}

void LongPollTransport::Session::send(Opcode op, std::string_view data) {
  if (!core_ || !events_) return;
  tap(core::ws::FrameTap::Direction::out, op, data);
  core_->send(op, data, now());
  if (!running_) arm();
}

void LongPollTransport::Session::close(std::optional<std::uint16_t> code, std::string_view reason) {
  if (!core_ || !events_) return;
  core_->finish(code.value_or(1000), reason, now(), effects_);
  run_later();
}

void LongPollTransport::Session::abandon() {
  events_ = nullptr;
  http_.reset();
  requests_.clear();
  timer_.cancel();
}

// ---- running ----

void LongPollTransport::Session::run_later() {
  if (running_ || std::exchange(run_scheduled_, true)) return;
  asio::post(executor_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->run_scheduled_ = false;
    self->run();
  });
}

void LongPollTransport::Session::run() {
  running_ = true;
  while (events_ && !effects_.empty()) {
    auto effect = std::move(effects_.front());
    effects_.pop_front();
    std::visit([this](auto& e) { perform(e); }, effect);
  }
  running_ = false;
  if (events_) arm();
}

void LongPollTransport::Session::arm() {
  const auto next = core_->next_deadline();
  if (!next) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*next);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error || !self->events_) return;
    self->core_->on_deadline(now(), self->effects_);
    self->run();
  });
}

void LongPollTransport::Session::perform(core::LongPollRequest& e) {
  const bool connecting = core_->state() == core::LongPollCore::State::connecting;
  HttpRequest request{.method = std::string(e.method),
                      .url = std::move(e.url),
                      .headers = std::move(e.headers),
                      .body = std::move(e.body),
                      .timeout = options_.timeout + std::chrono::seconds(1),  // the machine's own limit comes first
                      .connect_timeout = connecting ? connect_timeout_ : options_.timeout,
                      .max_body_bytes = options_.max_body_bytes};
  if (connecting) request.timeout = connect_timeout_ + std::chrono::seconds(1);
  requests_[e.id] =
      http_->start(std::move(request), [weak = weak_from_this(), id = e.id](tl::expected<HttpAnswer, TransportError> outcome) {
        if (const auto self = weak.lock()) self->on_outcome(id, std::move(outcome));
      });
}

void LongPollTransport::Session::perform(const core::LongPollAbort& e) {
  const auto request = requests_.extract(e.id);
  if (request) http_->cancel(request.mapped());
}

void LongPollTransport::Session::on_outcome(core::LongPollRequestId id, tl::expected<HttpAnswer, TransportError> outcome) {
  requests_.erase(id);
  if (!events_) return;
  if (outcome) {
    answer_headers_ = std::move(outcome->headers);
    core_->on_answer(id, outcome->status, outcome->body, now(), effects_);
  } else {
    failure_ = std::move(outcome.error());
    core_->on_failure(id, failure_.code, now(), effects_);
  }
  run();
}

// ---- telling ----

void LongPollTransport::Session::perform(const core::LongPollMessage& e) {
  tap(core::ws::FrameTap::Direction::in, e.opcode, e.data);
  events_->on_message(e.opcode, e.data);
}

void LongPollTransport::Session::tap(core::ws::FrameTap::Direction direction, Opcode op, std::string_view data) {
  if (options_.tap)
    options_.tap->on_frame(direction, op == Opcode::text ? core::ws::FrameOp::text : core::ws::FrameOp::binary, data, now());
}

void LongPollTransport::Session::perform(const core::LongPollError& e) {
  why_ = e.why;
  const bool no_answer = failure_.code && e.why == failure_.code;
  TransportError error = std::move(failure_);
  if (!no_answer) {
    error = {.code = e.why, .step = Step::request, .host = url_.host, .port = url_.port, .http_status = e.status, .detail = e.detail};
    error.http_headers = std::move(answer_headers_);
  }
  events_->on_error(error);
}

void LongPollTransport::Session::perform(const core::LongPollClosed& e) {
  auto* events = std::exchange(events_, nullptr);
  timer_.cancel();
  http_.reset();
  events->on_close({.code = e.code, .reason = e.reason, .clean = e.clean, .why = why_});
}

}  // namespace phx::net
