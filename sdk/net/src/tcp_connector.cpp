#include "tcp_connector.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

namespace phx::net {

namespace asio = boost::asio;
using asio::ip::tcp;

struct NameLookup::Shared {
  std::mutex mutex;                             // guards what follows: the lookup thread against cancellation
  std::optional<asio::any_io_executor> target;  // counts as work, so that the owner's run() waits for the answer
  Done done;

  void cancel() {
    const std::scoped_lock lock(mutex);
    target.reset();
    done = nullptr;
  }

  void answer(std::error_code error, Endpoints endpoints) {
    const std::scoped_lock lock(mutex);
    if (!target) return;
    asio::post(*target, [done = std::move(done), error, endpoints = std::move(endpoints)] { done(error, endpoints); });
    target.reset();
    done = nullptr;
  }
};

namespace {

std::pair<std::error_code, Endpoints> look_up(const std::string& host, std::uint16_t port) {
  asio::io_context context;
  tcp::resolver resolver(context);
  boost::system::error_code error;
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::numeric_service, error);
  Endpoints endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  return {error, std::move(endpoints)};
}

}  // namespace

NameLookup::NameLookup(const asio::any_io_executor& executor, const std::string& host, std::uint16_t port, Done done)
    : shared_(std::make_shared<Shared>()) {
  shared_->target = asio::prefer(executor, asio::execution::outstanding_work.tracked);
  shared_->done = std::move(done);
  boost::system::error_code not_numeric;
  if (const auto address = asio::ip::make_address(host, not_numeric); !not_numeric) {
    shared_->answer({}, {tcp::endpoint(address, port)});
    return;
  }
  std::thread([shared = shared_, host, port] {
    auto [error, endpoints] = look_up(host, port);
    shared->answer(error, std::move(endpoints));
  }).detach();
}

NameLookup::~NameLookup() { shared_->cancel(); }

TcpConnector::TcpConnector(const asio::any_io_executor& executor) : executor_(executor), timer_(executor) {}

void TcpConnector::start(ConnectTarget target, Instant deadline, Done done) {
  target_ = std::move(target);
  deadline_ = deadline;
  done_ = std::move(done);
  arm(deadline);
  const auto& host = target_.proxy ? target_.proxy->host : target_.host;
  const auto port = target_.proxy ? target_.proxy->port : target_.port;
  lookup_ =
      std::make_unique<NameLookup>(executor_, host, port, [weak = weak_from_this()](std::error_code error, const Endpoints& endpoints) {
        if (const auto self = weak.lock()) self->on_resolved(error, endpoints);
      });
}

void TcpConnector::cancel() {
  done_ = nullptr;
  lookup_.reset();
  timer_.cancel();
  attempts_.clear();
  if (tunnel_) tunnel_->cancel();
}

void TcpConnector::on_resolved(std::error_code error, const Endpoints& endpoints) {
  if (!done_) return;
  lookup_.reset();
  if (!error && endpoints.empty()) error = boost::system::error_code(asio::error::host_not_found);
  if (error) return fail(Step::resolve, error);
  race(endpoints);
}

void TcpConnector::start(const Endpoints& endpoints, Instant deadline, Done done) {
  deadline_ = deadline;
  done_ = std::move(done);
  race(endpoints);
}

void TcpConnector::race(const Endpoints& endpoints) {
  std::vector<Family> families;
  for (const auto& endpoint : endpoints) families.push_back(endpoint.address().is_v6() ? Family::v6 : Family::v4);
  for (const auto index : interleaved(families)) endpoints_.push_back(endpoints[index]);
  race_.emplace(endpoints_.size(), deadline_);
  race_on();
}

void TcpConnector::race_on() {
  while (const auto attempt = race_->next_attempt(std::chrono::steady_clock::now())) begin(*attempt);
  switch (race_->state()) {
    case HappyEyeballs::State::racing: return arm(race_->next_deadline());
    case HappyEyeballs::State::lost: return fail(Step::connect, last_error_);
    case HappyEyeballs::State::late: return fail(Step::connect, Errc::connect_timeout);
    case HappyEyeballs::State::won: return;
  }
}

void TcpConnector::begin(std::size_t attempt) {
  attempts_.emplace_back(executor_).async_connect(
      endpoints_[attempt],
      [self = shared_from_this(), attempt](const boost::system::error_code& error) { self->on_attempt(attempt, error); });
}

void TcpConnector::on_attempt(std::size_t attempt, const boost::system::error_code& error) {
  if (!done_ || race_->state() != HappyEyeballs::State::racing) return;
  if (error) {
    boost::system::error_code ignored;  // it never was connected
    attempts_[attempt].close(ignored);
    last_error_ = error;
    race_->failed();
    return race_on();
  }
  race_->succeeded();
  Socket winner = std::move(attempts_[attempt]);
  attempts_.clear();
  on_connected(std::move(winner));
}

void TcpConnector::on_connected(Socket socket) {
  if (!target_.proxy) return finish(std::move(socket));
  arm(deadline_);
  tunnel_ = std::make_shared<ProxyTunnel>(std::move(socket), ProxyCore(*target_.proxy, target_.host, target_.port));
  tunnel_->start([weak = weak_from_this()](tl::expected<Socket, ProxyFailure> result) {
    const auto self = weak.lock();
    if (!self || !self->done_) return;
    if (result) return self->finish(std::move(*result));
    auto detail = "proxy " + self->target_.proxy->authority() + ": " + result.error().detail;
    self->finish(tl::unexpected(ConnectFailure{Step::proxy, result.error().code, std::move(detail)}));
  });
}

void TcpConnector::arm(Instant deadline) {
  timer_.expires_at(deadline);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (const auto self = weak.lock(); self && !error) self->on_timer();
  });
}

void TcpConnector::on_timer() {
  const auto now = std::chrono::steady_clock::now();
  if (!done_ || now < timer_.expiry()) return;
  if (lookup_) return fail(Step::resolve, Errc::connect_timeout);
  if (tunnel_) {
    auto detail = "proxy " + target_.proxy->authority() + " did not connect within the time limit";
    return finish(tl::unexpected(ConnectFailure{Step::proxy, Errc::connect_timeout, std::move(detail)}));
  }
  race_->on_deadline(now);
  race_on();
}

/// Of the way to the peer; with a proxy that is the proxy.
void TcpConnector::fail(Step step, std::error_code code) {
  if (!target_.proxy) return finish(tl::unexpected(ConnectFailure{step, code}));
  auto detail =
      step == Step::resolve ? "cannot find proxy host " + target_.proxy->host : "cannot connect to proxy " + target_.proxy->authority();
  finish(tl::unexpected(ConnectFailure{Step::proxy, code, detail + ": " + code.message()}));
}

void TcpConnector::finish(tl::expected<Socket, ConnectFailure> result) {
  const auto done = std::exchange(done_, nullptr);
  lookup_.reset();
  timer_.cancel();
  attempts_.clear();
  if (tunnel_) tunnel_->cancel();
  done(std::move(result));
}

}  // namespace phx::net
