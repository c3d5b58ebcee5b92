#include "rest_session.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include <phx/core/client/retry_after.hpp>
#include <phx/core/client/url.hpp>
#include <phx/core/json.hpp>

namespace phx::client::detail {

namespace {

Instant clock_now() { return std::chrono::steady_clock::now(); }

net::HttpClientOptions http_options(const RestShared& shared) {
  return {.tls = shared.options.tls, .proxy = shared.proxy, .user_agent = shared.options.user_agent};
}

std::uint64_t seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool has(const HeaderList& headers, std::string_view name) {
  return std::ranges::any_of(headers, [name](const auto& h) { return same_name(h.first, name); });
}

void add_missing(HeaderList& headers, const std::string& name, const std::string& value) {
  if (!has(headers, name)) headers.emplace_back(name, value);
}

bool same_origin(const net::Url& a, const net::Url& b) { return a.scheme == b.scheme && a.host == b.host && a.port == b.port; }

bool can_refresh(const RestOptions& options) { return options.credentials || options.bearer.dynamic() || options.headers.dynamic(); }

/// The path behind the base, or a whole URL of the same server: credentials go nowhere else.
Result<net::Url> resolve(const net::Url& base, const std::string& path) {
  if (path.starts_with("http://") || path.starts_with("https://")) {
    auto url = net::parse_url(path);
    if (url && !same_origin(*url, base)) return failure(Errc::bad_url);
    return url;
  }
  auto stem = base;
  stem.query.clear();
  if (stem.path.ends_with('/')) stem.path.pop_back();
  const bool separated = path.empty() || path.starts_with('/') || path.starts_with('?');
  return net::parse_url(net::Url{stem.scheme, stem.host, stem.port, stem.path.empty() && path.empty() ? "/" : stem.path, {}}.text() +
                        (separated ? "" : "/") + path);
}

}  // namespace

RestSession::RestSession(boost::asio::io_context& io, std::shared_ptr<RestShared> shared)
    : shared_(std::move(shared)),
      strand_(boost::asio::make_strand(io)),
      http_(std::make_unique<net::HttpClient>(strand_, http_options(*shared_))),
      jitter_(seed()) {}

// ---- calls ----

void RestSession::start(const std::shared_ptr<RestOperation>& operation) {
  if (!http_) return operation->resolve(tl::unexpected(RestFailure{.code = Errc::cancelled, .message = "the client has ended"}));
  const auto& request = operation->request;
  const auto& options = shared_->options;
  const core::RequestRules rules{.idempotent = request.idempotent.value_or(core::is_idempotent(request.method)),
                                 .refresh_on_401 = can_refresh(options),
                                 .refresh_on_403 = !options.csrf_page.empty() && !core::is_safe(request.method),
                                 .timeout = request.timeout.value_or(options.timeout)};
  const auto id = ++last_id_;
  auto& call = *calls_.emplace(id, std::make_unique<Call>(id, operation, options.retry, rules, jitter_, strand_)).first->second;
  call.limit = clock_now() + rules.timeout;
  input(id, [](Call& c, Instant now, auto& out) { c.core.start(now, out); });
}

void RestSession::cancel(const RestOperation& operation) {
  const auto found = std::ranges::find_if(calls_, [&](const auto& entry) { return entry.second->operation.get() == &operation; });
  if (found == calls_.end()) return;
  http_->cancel(found->second->request);
  calls_.erase(found);
}

void RestSession::shut_down() {
  http_.reset();
  const auto calls = std::exchange(calls_, {});
  for (const auto& [id, call] : calls)
    call->operation->resolve(tl::unexpected(RestFailure{.code = Errc::cancelled, .message = "the client has ended"}));
  credentials_ = {};
  csrf_ = {};
}

/// One input to the machine of a call that may be over.
void RestSession::input(std::uint64_t id, const std::function<void(Call&, Instant, core::RequestEffects&)>& f) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  core::RequestEffects effects;
  f(*found->second, clock_now(), effects);
  perform(*found->second, effects);
  if (const auto still = calls_.find(id); still != calls_.end()) arm(*still->second);
}

void RestSession::perform(Call& call, const core::RequestEffects& effects) {
  const auto id = call.id;
  for (const auto& effect : effects) {
    if (const auto* e = std::get_if<core::RequestAttempt>(&effect)) {
      attempt(id, *e);
    } else if (std::holds_alternative<core::RequestAbort>(effect)) {
      http_->cancel(std::exchange(call.request, net::HttpClient::Id::none));
    } else if (std::holds_alternative<core::RequestAnswered>(effect)) {
      return finish(id, std::move(*call.answer));
    } else if (const auto* failed = std::get_if<core::RequestFailed>(&effect)) {
      return finish(id, tl::unexpected(failure_of(call, failed->why)));
    }  // RequestWaits: the timer
  }
}

RestFailure RestSession::failure_of(const Call& call, std::error_code why) const {
  auto message = why == std::errc::timed_out ? "no answer within the time limit" : why.message();
  if (!call.failure.empty()) message = why == std::errc::timed_out ? message + "; last: " + call.failure : call.failure;
  return {.code = why, .message = std::move(message), .attempts = call.core.attempts()};
}

void RestSession::arm(Call& call) {
  const auto next = call.core.next_deadline();
  if (!next) return;
  call.timer.expires_at(*next);
  call.timer.async_wait([weak = weak_from_this(), id = call.id](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && !error) self->input(id, [](Call& c, Instant now, auto& out) { c.core.on_deadline(now, out); });
  });
}

void RestSession::finish(std::uint64_t id, RestResult outcome) {
  const auto node = calls_.extract(id);
  if (node) node.mapped()->operation->resolve(std::move(outcome));
}

// ---- attempts ----

void RestSession::attempt(std::uint64_t id, core::RequestAttempt what) {
  ask_for_credentials(what.refresh, [this, id, what](const CredentialsAnswer& answer) {  // kept by this session only
    if (answer) return with_credentials(id, what, *answer);
    attempt_failed(id, what.number, answer.error(), "no credentials for the request: " + answer.error().message(), false);
  });
}

void RestSession::with_credentials(std::uint64_t id, core::RequestAttempt what, const Credentials& credentials) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  auto request = http_request(*found->second, credentials);
  if (!request) {
    const auto& path = found->second->operation->request.path;
    return attempt_failed(id, what.number, request.error(),
                          "'" + path.substr(0, path.find('?')) + "' is not a path or URL at " + shared_->base.authority(), false);
  }
  if (shared_->options.csrf_page.empty() || core::is_safe(request->method)) return send(id, what.number, std::move(*request));
  const auto headers = request->headers;
  ask_for_csrf(what.refresh, headers, [this, id, number = what.number, request = std::move(*request)](const CsrfAnswer& token) mutable {
    if (!token) return attempt_failed(id, number, token.error().code, token.error().message, false);
    add_missing(request.headers, "x-csrf-token", *token);
    send(id, number, std::move(request));
  });
}

tl::expected<net::HttpRequest, std::error_code> RestSession::http_request(const Call& call, const Credentials& credentials) const {
  const auto& from = call.operation->request;
  auto url = resolve(shared_->base, from.path);
  if (!url) return tl::unexpected(url.error());
  const auto params = from.query.json();
  const auto query = params ? core::encode_query(*params) : Result<std::string>(tl::unexpected(params.error()));
  if (!query) return tl::unexpected(query.error());
  if (!query->empty()) url->query += (url->query.empty() ? "" : "&") + *query;
  net::HttpRequest out{.method = from.method, .url = url->text(), .headers = from.headers};
  for (const auto& [name, value] : credentials.headers) add_missing(out.headers, name, value);
  if (credentials.auth_token) add_missing(out.headers, "authorization", "Bearer " + *credentials.auth_token);
  add_missing(out.headers, "accept", "application/json");
  if (from.body) {
    add_missing(out.headers, "content-type", from.body->is_binary() ? "application/octet-stream" : "application/json");
    out.body = from.body->text();
  }
  const auto left = call.limit - clock_now();
  out.timeout = std::max<Duration>(left, std::chrono::milliseconds(1)) + std::chrono::seconds(1);  // the machine's limit comes first
  out.connect_timeout = shared_->options.connect_timeout;
  out.max_body_bytes = shared_->options.max_body_bytes;
  out.max_redirects = from.method == "GET" || from.method == "HEAD" ? shared_->options.max_redirects : 0;
  if (has(out.headers, "cookie")) out.max_redirects = 0;  // or they would replace those of the session
  return out;
}

void RestSession::send(std::uint64_t id, std::uint32_t number, net::HttpRequest request) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second->core.attempts() != number) return;
  auto done = [this, id, number,
               url = request.url](tl::expected<net::HttpAnswer, net::TransportError> outcome) {  // silent once http_ is gone
    if (!outcome) {
      const auto step = outcome.error().step;
      const bool sent = step == net::Step::request || step == net::Step::open;
      return attempt_failed(id, number, outcome.error().code, outcome.error().message(), sent);
    }
    input(id, [&](Call& c, Instant now, auto& out) {
      c.answer = RestResponse{outcome->status, std::move(outcome->headers), std::move(outcome->body), url};
      c.core.on_answer(number, c.answer->status, core::parse_retry_after(c.answer->header("retry-after"), c.answer->header("date")), now,
                       out);
    });
  };
  try {
    found->second->request = http_->start(std::move(request), std::move(done));
  } catch (const std::invalid_argument& e) {  // headers of a provider
    attempt_failed(id, number, Errc::bad_request, e.what(), false);
  }
}

void RestSession::attempt_failed(std::uint64_t id, std::uint32_t number, std::error_code why, std::string message, bool sent) {
  input(id, [&](Call& c, Instant now, auto& out) {
    c.failure = std::move(message);
    c.core.on_failure(number, why, sent, now, out);
  });
}

// ---- what attempts need ----

void RestSession::ask_for_credentials(bool refresh, std::function<void(const CredentialsAnswer&)> then) {
  const auto& options = shared_->options;
  if (!can_refresh(options)) return then(Credentials{.auth_token = options.bearer.get(), .headers = options.headers.get()});
  const bool stuck = credentials_.id != 0 && clock_now() - credentials_.since > options.credentials_timeout;
  if (stuck) {
    for (const auto& waiting : std::exchange(credentials_, {}).waiting) waiting(failure(Errc::credentials_timeout));
  }
  if (credentials_.id != 0 && (credentials_.refresh || !refresh)) return credentials_.waiting.push_back(std::move(then));
  if (credentials_.id != 0) {  // needs fresher ones than those under way: then all get them
    auto waiting = std::exchange(credentials_, {}).waiting;
    credentials_.waiting = std::move(waiting);
  }
  credentials_.waiting.push_back(std::move(then));
  credentials_.id = ++last_id_;
  credentials_.refresh = refresh;
  credentials_.since = clock_now();
  shared_->queue->enqueue([shared = shared_, refresh, id = credentials_.id] {
    const auto answer = [shared, id](const CredentialsAnswer& credentials) {
      shared->post([id, credentials](RestSession& session) { session.credentials_answered(id, credentials); });
    };
    const bool asked = shared->queue->guarded([&] {
      const auto& from = shared->options;
      const auto reason = refresh ? core::OpenReason::reconnect : core::OpenReason::connect;
      if (from.credentials) return from.credentials->fetch({reason, refresh}, answer);
      answer(Credentials{.auth_token = from.bearer.get(), .headers = from.headers.get()});
    });
    if (!asked) answer(failure(Errc::cancelled));
  });
}

void RestSession::credentials_answered(std::uint64_t question, const CredentialsAnswer& answer) {
  if (credentials_.id != question) return;  // too late
  for (const auto& waiting : std::exchange(credentials_, {}).waiting) waiting(answer);
}

void RestSession::ask_for_csrf(bool refresh, const HeaderList& headers, std::function<void(const CsrfAnswer&)> then) {
  if (refresh) csrf_token_.clear();
  if (!csrf_token_.empty()) return then(csrf_token_);
  csrf_.waiting.push_back(std::move(then));
  if (csrf_.id != 0) return;
  csrf_.id = ++last_id_;
  auto origin = shared_->base;
  origin.path = "/";
  origin.query.clear();
  const auto url = resolve(origin, shared_->options.csrf_page);
  net::HttpRequest page{.url = url ? url->text() : shared_->options.csrf_page,
                        .timeout = shared_->options.timeout,
                        .connect_timeout = shared_->options.connect_timeout,
                        .max_body_bytes = shared_->options.max_body_bytes,
                        .max_redirects = shared_->options.max_redirects};
  for (const auto& header : headers)
    if (same_name(header.first, "authorization") || same_name(header.first, "cookie")) page.headers.push_back(header);
  page.headers.emplace_back("accept", "text/html");
  http_->start(std::move(page), [this, id = csrf_.id](const auto& outcome) { csrf_answered(id, outcome); });
}

void RestSession::csrf_answered(std::uint64_t question, const tl::expected<net::HttpAnswer, net::TransportError>& outcome) {
  if (csrf_.id != question) return;
  const auto token = outcome ? core::find_csrf_token(outcome->body) : std::nullopt;
  if (token) csrf_token_ = *token;
  const auto answer = [&]() -> CsrfAnswer {
    if (token) return *token;
    if (!outcome) return tl::unexpected(RestFailure{.code = outcome.error().code, .message = outcome.error().message()});
    return tl::unexpected(RestFailure{
        .code = Errc::unauthorized,
        .message = "no csrf-token in the page " + shared_->options.csrf_page + " (HTTP " + std::to_string(outcome->status) + ")"});
  }();
  for (const auto& waiting : std::exchange(csrf_, {}).waiting) waiting(answer);
}

}  // namespace phx::client::detail
