// Transports of a session: credentials, opening, what they tell, and their end.

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include <phx/core/client/retry_after.hpp>
#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>
#include <phx/net/longpoll_transport.hpp>
#include <phx/net/websocket_transport.hpp>

#include "session.hpp"

namespace phx::client::detail {

namespace {

std::string_view header(const HeaderList& headers, std::string_view name) {
  const auto found = std::ranges::find(headers, name, &HeaderList::value_type::first);
  return found == headers.end() ? std::string_view{} : found->second;
}

std::unique_ptr<net::Transport> make_longpoll(const Strand& strand, Carrier& carrier, const SocketShared& shared) {
  const auto& options = shared.options;
  net::LongPollTransportOptions longpoll;
  longpoll.http.tls = options.tls;
  longpoll.http.proxy = shared.proxy;
  longpoll.timeout = options.longpoll_timeout;
  longpoll.token_in_header = options.longpoll_token_in_header;
  longpoll.ndjson = options.vsn == Vsn::v2;
  longpoll.max_body_bytes = 2 * options.max_message_bytes;  // of the messages in it, with their escapes
  longpoll.tap = options.frame_tap;
  return std::make_unique<net::LongPollTransport>(strand, carrier, std::move(longpoll));
}

std::unique_ptr<net::Transport> make_transport(const Strand& strand, Carrier& carrier, const std::shared_ptr<SocketShared>& shared,
                                               core::TransportKind kind) {
  const auto& options = shared->options;
  if (!options.transport.factory()) {
    if (kind == core::TransportKind::longpoll) return make_longpoll(strand, carrier, *shared);
    net::WebSocketOptions websocket;
    websocket.limits.max_frame = websocket.limits.max_message = options.max_message_bytes;
    websocket.tap = options.frame_tap;
    websocket.secure_filter = shared->tls;
    websocket.deflate = options.deflate;
    websocket.proxy = shared->proxy;
    return std::make_unique<net::WebSocketTransport>(strand, carrier, websocket);
  }
  return options.transport.factory()({carrier, [shared, alive = std::weak_ptr(carrier.alive)](std::function<void()> task) {
                                        shared->inbox.post([alive, task = std::move(task)](Session&) {
                                          if (!alive.expired()) task();
                                        });
                                      }});
}

}  // namespace

// ---- Carrier ----

void Carrier::on_open(std::string_view) {
  session_.input([this](auto& core, Instant now, auto& out) { core.transport_opened(generation_, now, out); });
}

void Carrier::on_message(core::Opcode op, std::string_view data) {
  if (given_up_) return;
  if (session_.backlog().full()) return give_up();
  session_.monitor().frame_in(data.size());
  session_.input([&](auto& core, Instant now, auto& out) { core.transport_message(generation_, op, data, now, out); });
}

void Carrier::on_error(const net::TransportError& error) {
  if (given_up_) return;
  error_message_ = error.message();
  http_status_ = error.http_status;
  retry_after_ = core::parse_retry_after(header(error.http_headers, "retry-after"), header(error.http_headers, "date"));
  session_.input([&](auto& core, Instant now, auto& out) {
    core.transport_error(generation_, {.why = error.code, .http_status = error.http_status}, now, out);
  });
}

void Carrier::on_close(const net::TransportClose& close) {
  unwritten_.clear();
  if (given_up_) return;
  session_.input([&](auto& core, Instant now, auto& out) {
    const core::CloseEvent event{
        .code = close.code, .reason = close.reason, .clean = close.clean, .http_status = http_status_, .retry_after = retry_after_};
    core.transport_closed(generation_, event, now, out);
  });
  on_turn(false);  // its end may lie within a turn
  session_.discard(generation_);
}

/// Callbacks are slower than the server. As a server does with a slow reader, this ends the connection: memory stays bounded, and the user hears
/// that messages are missing.
void Carrier::give_up() {
  given_up_ = true;
  error_message_ = "callbacks are too slow: the limit of waiting messages is reached, and the connection is given up";
  session_.input([this](auto& core, Instant now, auto& out) { core.transport_error(generation_, {.why = Errc::queue_full}, now, out); });
  session_.input([this](auto& core, Instant now, auto& out) { core.transport_closed(generation_, {}, now, out); });
  session_.discard(generation_);
}

void Carrier::on_turn(bool begins) { session_.hold_callbacks(begins); }

void Carrier::keep_until_written(Backlog::Item pending) {
  if (blocked_) unwritten_.push_back(std::move(pending));
}

void Session::keep_until_written(Backlog::Item pending) {
  if (!carriers_.empty()) carriers_.back()->keep_until_written(std::move(pending));
}

void Carrier::on_blocked(bool blocked) {
  blocked_ = blocked;
  if (!blocked) unwritten_.clear();
  session_.input([&](auto& core, Instant now, auto& out) {
    if (blocked) {
      core.transport_blocked(generation_);
    } else {
      core.transport_drained(generation_, now, out);
    }
  });
}

// ---- opening ----

void Session::perform(core::OpenTransport& e) {
  shared_->monitor.connecting(e.reason, e.kind);
  if (const auto question = credentials_.need(e, std::chrono::steady_clock::now())) ask_for_credentials(*question);
}

void Session::ask_for_credentials(const core::CredentialQuestion& question) {
  const auto& options = shared_->options;
  if (!options.credentials && !options.params.dynamic() && !options.auth_token.dynamic() && !options.headers.dynamic()) {
    // In a turn of its own, like an answer that had to be waited for.
    return defer([id = question.id](Session& self) {
      const auto& fixed = self.shared_->options;
      self.credentials_answered(id, Credentials{fixed.params.get(), fixed.auth_token.get(), fixed.headers.get()});
    });
  }
  shared_->queue->enqueue([shared = shared_, question] {
    const auto answer = [shared, id = question.id](const Result<Credentials>& credentials) {
      shared->inbox.post([id, credentials](Session& session) { session.credentials_answered(id, credentials); });
    };
    const bool asked = shared->queue->guarded([&] {
      const auto& from = shared->options;
      if (from.credentials) return from.credentials->fetch({question.reason, question.refresh}, answer);
      answer(Credentials{from.params.get(), from.auth_token.get(), from.headers.get()});
    });
    if (!asked) answer(failure(Errc::cancelled));
  });
}

void Session::credentials_answered(std::uint32_t question, const Result<Credentials>& credentials) {
  const auto answer = credentials_.answered(question);
  if (answer.again) ask_for_credentials(*answer.again);
  if (answer.generation != core::Generation::none) open_transport(answer.generation, credentials);
}

void Session::open_transport(core::Generation generation, const Result<Credentials>& credentials) {
  if (!credentials)
    return attempt_failed(generation, credentials.error(), "no credentials for the connection: " + credentials.error().message());
  const auto params = credentials->params.json();
  const auto url = params ? core::websocket_url(shared_->url, *params, env_.config.serializer->vsn(), env_.policy().url)
                          : Result<std::string>(tl::unexpected(params.error()));
  if (!url)
    return attempt_failed(generation, url.error(), "cannot make a URL of '" + shared_->url + "' and the params: " + url.error().message());
  net::ConnectRequest request{.url = *url, .headers = credentials->headers, .connect_timeout = shared_->options.connect_timeout};
  if (credentials->auth_token) request.subprotocols = {"phoenix", core::auth_subprotocol(*credentials->auth_token)};
  try {
    auto carrier = std::make_unique<Carrier>(*this, generation);
    carrier->transport = make_transport(strand_, *carrier, shared_, core_.transport());
    carrier->transport->open(request);
    core_.transport_started(generation, std::chrono::steady_clock::now());
    carriers_.push_back(std::move(carrier));
  } catch (const std::exception& e) {  // of a transport of the user's own
    attempt_failed(generation, make_error_code(std::errc::io_error), std::string("the transport cannot open: ") + e.what());
  }
}

void Session::attempt_failed(core::Generation generation, std::error_code why, std::string message) {
  attempt_error_ = std::move(message);
  input([&](auto& core, Instant now, auto& out) { core.transport_error(generation, {.why = why}, now, out); });
  attempt_error_.clear();
  input([&](auto& core, Instant now, auto& out) { core.transport_closed(generation, {}, now, out); });
}

// ---- running and ending ----

void Session::perform(core::SendFrame& e) {
  shared_->monitor.frame_out(e.bytes.size());
  if (auto* to = carrier(e.generation)) to->transport->send(e.opcode, e.bytes);
}

void Session::perform(core::CloseTransport& e) {
  if (auto* to = carrier(e.generation)) return to->transport->close(e.code, e.reason);
  credentials_.cancel(e.generation);
  defer([generation = e.generation](Session& self) {  // there is nothing to close
    self.input([&](auto& core, Instant now, auto& out) { core.transport_closed(generation, {}, now, out); });
  });
}

void Session::perform(core::DropTransport& e) {
  credentials_.cancel(e.generation);
  discard(e.generation);
}

Carrier* Session::carrier(core::Generation generation) noexcept {
  const auto found = std::ranges::find_if(carriers_, [&](const auto& c) { return c->generation() == generation; });
  return found == carriers_.end() ? nullptr : found->get();
}

void Session::discard(core::Generation generation) {
  const auto found = std::ranges::find_if(carriers_, [&](const auto& c) { return c->generation() == generation; });
  if (found == carriers_.end()) return;
  discarded_.push_back(std::move(*found));
  carriers_.erase(found);
  defer([](Session& self) { self.discarded_.clear(); });
}

}  // namespace phx::client::detail
