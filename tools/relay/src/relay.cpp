#include <phx/relay/relay.hpp>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <phx/net/tls_filter.hpp>

#include "connection.hpp"

namespace phx::relay {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

net::Url parse_target(const std::string& text) {
  const auto url = net::parse_url(text);
  if (!url) throw std::invalid_argument("'" + text + "' is no URL; write ws://host:port or wss://host:port");
  return *url;
}

void check_tls(const net::Url& to, const core::TlsClientOptions& tls) {
  if (!to.secure()) return;
  if (const auto context = core::TlsContext::client(tls); !context) throw std::invalid_argument("TLS: " + context.error().detail);
}

}  // namespace

struct Relay::Impl {
  Impl(RelayOptions given, RelayEvents& told)
      : options(std::move(given)),
        events(told),
        engine({}, options.seed),
        script(engine),
        shared{events, engine, parse_target(options.to), net::tls_filters(options.tls)},
        acceptor(context),
        timer(context) {
    check_tls(shared.to, options.tls);
    engine.on_strike([this](const scenario::FaultRule& rule) { events.on_fault(shared.acting, describe(rule), now()); });
  }

  static Instant now() { return std::chrono::steady_clock::now(); }

  std::error_code listen() {
    boost::system::error_code ec;
    tcp::resolver resolver(context);
    shared.endpoints = resolver.resolve(shared.to.host, std::to_string(shared.to.port), ec);
    if (ec) return ec;
    const auto own = resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, ec);
    if (ec) return ec;
    const tcp::endpoint endpoint = *own.begin();
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor.bind(endpoint, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (!ec) port = acceptor.local_endpoint(ec).port();
    return ec;
  }

  void accept() {
    acceptor.async_accept([this](boost::system::error_code ec, tcp::socket socket) {
      if (ec == asio::error::operation_aborted) return;
      if (ec) {
        events.on_error(0, "cannot accept: " + ec.message(), now());
        timer_accept.expires_after(std::chrono::milliseconds(100));  // out of descriptors: some will be free again
        timer_accept.async_wait([this](boost::system::error_code stopped) {
          if (!stopped) accept();
        });
        return;
      }
      if (shared.connections.size() < options.max_connections) {
        boost::system::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        auto connection = std::make_shared<Connection>(shared, std::move(socket));
        shared.connections.emplace(connection.get(), connection);
        connection->start();
      }
      accept();
    });
  }

  template <class F>
  void each(std::optional<std::uint64_t> c, F act) {
    const auto all = shared.connections;  // acting may take one out
    for (const auto& [key, connection] : all)
      if (connection->is_websocket() && (!c || connection->info().c == *c)) act(*connection);
  }

  template <class F>
  void each_longpoll(std::optional<std::uint64_t> c, F act) {
    const auto all = shared.longpolls;
    for (const auto& [number, session] : all) {
      if (c && number != *c) continue;
      act(number, *session);
      Connection::wake_poll(*session);
    }
  }

  void close(std::optional<std::uint64_t> c, std::uint16_t code, const std::string& reason) {
    each(c, [&](Connection& x) { x.end(code, reason); });
    each_longpoll(c, [&](std::uint64_t number, LongPollSession& session) {
      if (session.state() == scenario::FaultLink::State::closed) return;
      session.close(code);
      events.on_close(number, {}, code, reason, now());
    });
  }
  void silence(std::optional<std::uint64_t> c) {
    each(c, [](Connection& x) { x.fall_silent(); });
    each_longpoll(c, [](std::uint64_t, LongPollSession& session) { session.fall_silent(); });
  }

  std::vector<RelayClient> clients() {
    std::vector<RelayClient> out;
    each({}, [&](Connection& x) { out.push_back(x.info()); });
    shared.forget_longpolls(now());
    for (const auto& [number, session] : shared.longpolls) {
      using State = scenario::FaultLink::State;
      if (session->state() == State::closed) continue;
      out.push_back({number, "longpoll", session->target, session->state() == State::silent, session->received(), session->sent()});
    }
    std::ranges::sort(out, {}, &RelayClient::c);
    return out;
  }

  void run_script() {
    std::vector<scenario::FaultScript::Action> actions;
    script.on_deadline(now(), actions);
    for (const auto& action : actions) {
      if (const auto* close = std::get_if<scenario::CloseAll>(&action)) {
        events.on_fault(0, "close all code=" + std::to_string(close->code), now());
        this->close({}, close->code, close->reason);
      } else {
        events.on_fault(0, "all fall silent", now());
        silence({});
      }
    }
    const auto next = script.next_deadline();
    if (!next) return;
    timer.expires_at(*next);
    timer.async_wait([this](boost::system::error_code ec) {
      if (!ec) run_script();
    });
  }

  void post(std::function<void()> work) { asio::post(context, std::move(work)); }

  RelayOptions options;
  RelayEvents& events;
  asio::io_context context{1};
  scenario::FaultEngine engine;
  scenario::FaultScript script;
  Shared shared;
  tcp::acceptor acceptor;
  asio::steady_timer timer, timer_accept{context};
  std::uint16_t port = 0;
  std::thread thread;
};

Relay::Relay(RelayOptions options, RelayEvents& events) : impl_(std::make_unique<Impl>(std::move(options), events)) {}

Relay::~Relay() { stop(); }

Result<void> Relay::start() {
  if (const auto error = impl_->listen()) return tl::unexpected(error);
  impl_->script.add(impl_->options.faults, Impl::now());
  impl_->run_script();
  impl_->accept();
  impl_->thread = std::thread([this] { impl_->context.run(); });
  return {};
}

std::uint16_t Relay::port() const noexcept { return impl_->port; }

void Relay::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->post([this] {
    boost::system::error_code ignored;
    impl_->acceptor.close(ignored);
    impl_->timer.cancel();
    impl_->timer_accept.cancel();
    const auto all = impl_->shared.connections;
    for (const auto& [key, connection] : all) connection->drop();
    impl_->context.stop();
  });
  impl_->thread.join();
}

void Relay::add_faults(scenario::FaultSteps steps) {
  impl_->post([this, steps = std::move(steps)] {
    impl_->script.add(steps, Impl::now());
    impl_->run_script();
  });
}

void Relay::clear_faults() {
  impl_->post([this] { impl_->script.clear(); });
}

void Relay::close(std::optional<std::uint64_t> c, std::uint16_t code, std::string reason) {
  impl_->post([this, c, code, reason = std::move(reason)] { impl_->close(c, code, reason); });
}

void Relay::fall_silent(std::optional<std::uint64_t> c) {
  impl_->post([this, c] { impl_->silence(c); });
}

void Relay::clients(std::function<void(std::vector<RelayClient>)> told) {
  impl_->post([this, told = std::move(told)] { told(impl_->clients()); });
}

}  // namespace phx::relay
