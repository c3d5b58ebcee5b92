#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include <phx/core/time.hpp>
#include <phx/core/tls.hpp>
#include <phx/net/proxy.hpp>
#include <phx/net/transport.hpp>

namespace boost::asio {
class any_io_executor;
}

namespace phx::net {

struct HttpRequest {
  std::string method = "GET";
  std::string url{};                            ///< http:// or https://
  HeaderList headers{};                         ///< `Cookie` is joined with the cookies of earlier answers; with redirects it replaces them
  std::string body{};                           ///< sent when not empty, and with POST, PUT and PATCH
  Duration timeout = std::chrono::seconds(30);  ///< from the start to the last byte
  Duration connect_timeout = std::chrono::seconds(10);  ///< lookup, TCP, TLS
  std::size_t max_body_bytes = 64u << 20;               ///< of the answer, decompressed
  int max_redirects = 0;  ///< 0: a redirect is an answer like any other; followed, a POST becomes a GET as in browsers
};

/// Throws std::invalid_argument for a method or header that cannot be sent.
void check_request(const HttpRequest& request);

struct HttpAnswer {
  int status = 0;
  HeaderList headers{};  ///< names in lower case
  std::string body{};
  bool operator==(const HttpAnswer&) const = default;
};

struct HttpClientOptions {
  core::TlsClientOptions tls{};
  std::optional<ProxyOptions> proxy{};  ///< none: directly, whatever the environment says
  std::string user_agent = "phxkit";
};

/// HTTP/1.1 and HTTP/2 requests (libcurl) on one executor that runs one handler at a time: a strand, or an io_context with one thread.
/// Connections, cookies and TLS sessions are kept between requests. Every call comes from that executor. Destroying the client, like
/// cancel(), ends requests at once and silently; neither waits, not even for a name lookup.
class HttpClient {
 public:
  enum class Id : std::uint64_t { none = 0 };
  /// An answer with any status, or what kept it from coming: code, step, host.
  using Done = std::function<void(tl::expected<HttpAnswer, TransportError>)>;

  explicit HttpClient(const boost::asio::any_io_executor& executor, HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// `done` is called once, never from inside start(); it may call anything here, and destroy the client.
  /// Throws std::invalid_argument for a method or header that cannot be sent.
  Id start(HttpRequest request, Done done);
  /// `done` is not called any more.
  void cancel(Id id);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // with its operations in flight
};

}  // namespace phx::net
