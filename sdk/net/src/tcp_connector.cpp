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

TcpConnector::TcpConnector(const asio::any_io_executor& executor) : executor_(executor), socket_(executor), timer_(executor) {}

void TcpConnector::start(const std::string& host, std::uint16_t port, Instant deadline, Done done) {
  deadline_ = deadline;
  done_ = std::move(done);
  arm(deadline);
  lookup_ = std::make_unique<NameLookup>(executor_, host, port, [weak = weak_from_this()](std::error_code error, Endpoints endpoints) {
    if (const auto self = weak.lock()) self->on_resolved(error, std::move(endpoints));
  });
}

void TcpConnector::cancel() {
  done_ = nullptr;
  lookup_.reset();
  timer_.cancel();
  boost::system::error_code ignored;  // an unconnected socket has nothing to report
  socket_.close(ignored);
}

void TcpConnector::on_resolved(std::error_code error, Endpoints endpoints) {
  if (!done_) return;
  lookup_.reset();
  if (!error && endpoints.empty()) error = boost::system::error_code(asio::error::host_not_found);
  if (error) return finish(tl::unexpected(ConnectFailure{Step::resolve, error}));
  endpoints_ = std::move(endpoints);
  try_next();
}

void TcpConnector::try_next() {
  const auto now = std::chrono::steady_clock::now();
  const auto left = static_cast<Duration::rep>(endpoints_.size() - next_);
  arm(now + std::max(deadline_ - now, Duration::zero()) / left);
  attempt_timed_out_ = false;
  socket_ = Socket(executor_);
  socket_.async_connect(endpoints_[next_++],
                        [self = shared_from_this()](const boost::system::error_code& connect_error) { self->on_connected(connect_error); });
}

void TcpConnector::on_connected(const boost::system::error_code& error) {
  if (!done_) return;
  if (!error && !attempt_timed_out_) return finish(std::move(socket_));
  if (next_ < endpoints_.size()) return try_next();
  finish(
      tl::unexpected(ConnectFailure{Step::connect, attempt_timed_out_ ? make_error_code(Errc::connect_timeout) : std::error_code(error)}));
}

void TcpConnector::arm(Instant deadline) {
  timer_.expires_at(deadline);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (const auto self = weak.lock(); self && !error) self->on_timer();
  });
}

void TcpConnector::on_timer() {
  if (!done_ || std::chrono::steady_clock::now() < timer_.expiry()) return;
  if (lookup_) return finish(tl::unexpected(ConnectFailure{Step::resolve, Errc::connect_timeout}));
  attempt_timed_out_ = true;
  boost::system::error_code ignored;  // ends the attempt; on_connected() goes on with the next address
  socket_.close(ignored);
}

void TcpConnector::finish(tl::expected<Socket, ConnectFailure> result) {
  const auto done = std::exchange(done_, nullptr);
  lookup_.reset();
  timer_.cancel();
  done(std::move(result));
}

}  // namespace phx::net
