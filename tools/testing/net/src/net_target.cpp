#include <phx/testing/net_target.hpp>

#include <phx/core/client/url.hpp>
#include <phx/net/http_client.hpp>
#include <phx/net/longpoll_transport.hpp>
#include <phx/net/proxy.hpp>
#include <phx/net/tls_filter.hpp>
#include <phx/net/websocket_transport.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <stdexcept>
#include <utility>

namespace phx::testing {

struct NetTarget::Impl {
  explicit Impl(const NetTargetOptions& options) : secure(net::tls_filters(options.tls)) {
    std::string why;
    if (!options.proxy.empty()) proxy = net::parse_proxy(options.proxy, why);
    if (!why.empty()) throw std::invalid_argument("proxy: " + why);
  }

  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  std::function<std::unique_ptr<net::ByteFilter>(const net::Url&)> secure;
  std::optional<net::ProxyOptions> proxy;
};

/// One connection, by the SDK's transports: frames, nothing above them.
class NetTarget::Connection final : public Peer, public net::TransportEvents {
 public:
  Connection(NetTarget& target, const Dial& dial) : target_(target) {
    Impl& impl = *target.impl_;
    if (dial.via == Via::websocket) {
      transport_ = std::make_unique<net::WebSocketTransport>(impl.io.get_executor(), *this,
                                                             net::WebSocketOptions{.proxy = impl.proxy, .secure_filter = impl.secure});
    } else {
      transport_ = std::make_unique<net::LongPollTransport>(
          impl.io.get_executor(), *this,
          net::LongPollTransportOptions{.http = {.tls = target.options_.tls, .proxy = impl.proxy}, .ndjson = !dial.vsn.starts_with("1.")});
    }
    transport_->open(request(dial));
  }

  void send(Opcode op, std::string_view bytes) override {
    if (opened && !ended) transport_->send(op, bytes);
  }
  void close(std::uint16_t code, std::string_view reason) override {
    if (!ended) transport_->close(code, reason);
  }

 private:
  net::ConnectRequest request(const Dial& dial) const {
    const std::string endpoint = dial.path.empty() ? target_.url_ : target_.origin_ + dial.path;
    auto url = core::websocket_url(endpoint, dial.params, dial.vsn);
    if (!url) throw std::invalid_argument("dial: bad URL or params: " + endpoint);
    net::ConnectRequest out{.url = std::move(*url)};
    const NetTargetOptions& always = target_.options_;
    out.headers.assign(always.headers.begin(), always.headers.end());
    out.headers.insert(out.headers.end(), dial.headers.begin(), dial.headers.end());
    if (const auto& token = dial.auth_token ? dial.auth_token : always.auth_token)
      out.subprotocols = {"phoenix", core::auth_subprotocol(*token)};
    return out;
  }

  void on_open(std::string_view) override { opened = true; }
  void on_message(Opcode op, std::string_view data) override { inbox.push_back({target_.now(), op, std::string(data)}); }
  void on_error(const net::TransportError& error) override {
    failure_.http_status = error.http_status;
    failure_.detail = error.message();
  }
  void on_close(const net::TransportClose& close) override {
    failure_.code = close.code;
    failure_.reason = close.reason;
    if (failure_.detail.empty()) failure_.detail = close.clean ? "closed" : "connection lost";
    ended = std::move(failure_);
  }

  NetTarget& target_;
  Ending failure_;
  std::unique_ptr<net::Transport> transport_;
};

namespace {

/// "ws://host:port" of "ws://host:port/socket?x".
std::string origin_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos || !core::websocket_url(url, Json::object(), "2.0.0"))
    throw std::invalid_argument("'" + url + "' is no URL of a socket; write ws://host:port/socket");
  return url.substr(0, url.find_first_of("/?", scheme + 3));
}

}  // namespace

NetTarget::NetTarget(std::string url, NetTargetOptions options)
    : url_(std::move(url)), origin_(origin_of(url_)), options_(std::move(options)), impl_(std::make_unique<Impl>(options_)) {}

NetTarget::~NetTarget() = default;

Instant NetTarget::now() const { return std::chrono::steady_clock::now(); }

bool NetTarget::wait(Instant deadline) {
  impl_->io.restart();
  return impl_->io.run_one_until(deadline) > 0;
}

void NetTarget::post(std::function<void()> work) { boost::asio::post(impl_->io, std::move(work)); }

std::unique_ptr<Peer> NetTarget::dial(const Dial& dial) { return std::make_unique<Connection>(*this, dial); }

tl::expected<HttpResponse, std::string> NetTarget::request(const HttpRequest& request) {
  std::string url = origin_ + request.path;
  if (url.starts_with("ws")) url.replace(0, 2, "http");
  net::HttpRequest out{.method = request.method, .url = std::move(url), .body = request.body};
  out.headers.assign(options_.headers.begin(), options_.headers.end());
  out.headers.insert(out.headers.end(), request.headers.begin(), request.headers.end());
  if (options_.auth_token && request.path.find("/longpoll") != std::string::npos)
    out.headers.emplace_back("x-phoenix-authtoken", *options_.auth_token);
  std::optional<tl::expected<HttpResponse, std::string>> answer;
  net::HttpClient http(impl_->io.get_executor(), {.tls = options_.tls, .proxy = impl_->proxy});  // its own: no cookies of earlier requests
  http.start(std::move(out), [&](tl::expected<net::HttpAnswer, net::TransportError> got) {
    if (got)
      answer.emplace(HttpResponse{got->status, {got->headers.begin(), got->headers.end()}, std::move(got->body)});
    else
      answer.emplace(tl::unexpected(got.error().message()));
  });
  while (!answer) wait(Instant::max());  // the client has its own time limit
  return std::move(*answer);
}

}  // namespace phx::testing
