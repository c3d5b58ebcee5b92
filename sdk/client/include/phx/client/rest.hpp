#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <phx/client/credentials.hpp>
#include <phx/client/options.hpp>
#include <phx/client/payload.hpp>
#include <phx/core/client/api_error.hpp>
#include <phx/core/client/request_core.hpp>

namespace phx::client {

namespace detail {
class RestOperation;
class RestShared;
}  // namespace detail

using core::ApiError;
using core::RetryPolicy;

struct RestOptions {
  Provider<std::optional<std::string>> bearer{};    ///< `Authorization: Bearer`
  Provider<HeaderList> headers{};                   ///< of every request
  std::shared_ptr<CredentialSource> credentials{};  ///< instead of the two above: its auth_token is the bearer; its params do not count
  /// A page with Phoenix's `<meta name="csrf-token">`, as "/": then the client is a browser's session. Cookies are kept anyway; the
  /// token is fetched before the first request that is not safe, sent as x-csrf-token, and fetched anew after a 403.
  std::string csrf_page{};
  Duration timeout = std::chrono::seconds(30);  ///< of a request with its retries, unless it says otherwise
  Duration connect_timeout = std::chrono::seconds(10);
  Duration credentials_timeout = std::chrono::seconds(30);
  RetryPolicy retry{};
  int max_redirects = 5;                   ///< of GET and HEAD; to another host without credentials
  std::size_t max_body_bytes = 16u << 20;  ///< of an answer
  core::TlsClientOptions tls{};            ///< as SocketOptions
  std::string proxy{};                     ///< as SocketOptions
  bool proxy_from_environment = false;     ///< as SocketOptions
  std::string user_agent = "phxkit";
  std::shared_ptr<Runtime> runtime{};  ///< none: threads of this client's own
  Executor callback_executor{};        ///< none: the runtime's
  std::function<void(std::exception_ptr)> on_callback_error{};

  /// The TLS, proxy, credentials, threads of a socket's options.
  static RestOptions like(const SocketOptions& socket);
};

struct RestRequest {
  std::string method = "GET";
  std::string path{};                 ///< behind the base URL, as written: "/rooms/1?full=true"; or a whole URL of the same server
  Payload query{};                    ///< JSON object, added to the query as the params of the socket (core::encode_query)
  std::optional<Payload> body{};      ///< JSON, or bytes (application/octet-stream unless the headers say otherwise)
  HeaderList headers{};               ///< these win over those of the client
  std::optional<Duration> timeout{};  ///< none: the client's
  std::optional<bool> idempotent{};   ///< may be sent again; none: what the method says. True for a POST with an idempotency key
};

/// An answer with any status: a refusal is data.
struct RestResponse {
  int status = 0;
  HeaderList headers{};  ///< names in lower case
  std::string body{};
  std::string url{};  ///< of the request

  bool ok() const noexcept { return status >= 200 && status < 300; }
  std::string_view header(std::string_view name) const;
  /// Errors: bad_json, also for an empty body.
  Result<Json> json() const;
  /// What the API says, when the status is 400 or more.
  std::optional<ApiError> error() const;
};

/// Why there is no answer. Codes: timed_out, cancelled, tls_failed, proxy_failed, connection_closed, message_too_large, bad_url, ...
struct RestFailure {
  std::error_code code{};
  std::string message{};  ///< one line for people
  std::uint32_t attempts = 0;
};
using RestResult = tl::expected<RestResponse, RestFailure>;

/// A request on its way. A handle: copies mean the same request. Any thread. Dropping it changes nothing.
class RestCall {
 public:
  explicit RestCall(std::shared_ptr<detail::RestOperation> operation) noexcept : operation_(std::move(operation)) {}
  /// Runs once, as a callback.
  RestCall& then(std::function<void(const RestResult&)> handler);
  std::future<RestResult> future() const;
  /// Ends the request; futures and coroutines end with `cancelled`, handlers do not run once this has returned.
  void cancel();

 private:
  std::shared_ptr<detail::RestOperation> operation_;
};

/// The JSON API beside the socket.
///
///   phx::RestClient api("https://example.com/api", {.bearer = token});
///   api.get("/rooms").then([](const phx::RestResult& rooms) { ... });
///   phx::RestResult made = api.post("/rooms", phx::obj("name", "lobby")).future().get();
///   phx::RestResponse room = co_await api.async_request({.path = "/rooms/1"}, boost::asio::use_awaitable);   // <phx/client/async.hpp>
///
/// What is made again, and when: core::RequestCore. Threads, callbacks and destruction: as Socket.
class RestClient {
 public:
  /// base_url: http:// or https://, with the path that all requests share. Throws std::invalid_argument for what is no such URL, and
  /// for a proxy that cannot be used.
  explicit RestClient(std::string base_url, RestOptions options = {});
  ~RestClient();
  RestClient(const RestClient&) = delete;
  RestClient& operator=(const RestClient&) = delete;

  /// Throws std::invalid_argument for a method or header that cannot be sent.
  RestCall request(RestRequest request);
  RestCall get(std::string path, Payload query = {});
  RestCall post(std::string path, Payload body);
  RestCall put(std::string path, Payload body);
  RestCall patch(std::string path, Payload body);
  RestCall delete_(std::string path);

  template <class Token>
  auto async_request(RestRequest request, Token&& token);  ///< void(boost::system::error_code, RestResponse)

 private:
  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<detail::RestShared> shared_;  // with calls
};

/// How an API says that there is more.
struct PageRule {
  std::string relation = "next";  ///< of the Link header; empty: the two below
  std::string cursor{};           ///< JSON pointer to the cursor in the answer, as "/meta/after"; null or absent: the last page
  std::string param{};            ///< which goes into this param of the query
};

/// A link is taken relative to the request's URL; to another server: the request for it fails with bad_url.
/// The request for the page after `response`, nullopt after the last:
///
///   for (std::optional<phx::RestRequest> page{{.path = "/rooms"}}; page;) {
///     const phx::RestResult rooms = api.request(*page).future().get();
///     ...
///     page = phx::next_page(*page, *rooms);
///   }
std::optional<RestRequest> next_page(const RestRequest& request, const RestResponse& response, const PageRule& rule = {});

}  // namespace phx::client
