#include <phx/net/http_client.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http_transfer.hpp"

namespace phx::net {

namespace asio = boost::asio;

namespace {

/// curl is made ready once per process; it may be from any thread.
bool curl_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

bool is_token(std::string_view text) {
  constexpr std::string_view extra = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || extra.find(c) != extra.npos;
  });
}

}  // namespace

void check_request(const HttpRequest& request) {
  if (!is_token(request.method)) throw std::invalid_argument("phx::net::HttpClient: '" + request.method + "' is not an HTTP method");
  for (const auto& [name, value] : request.headers)
    if (!is_token(name) || value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos)
      throw std::invalid_argument("phx::net::HttpClient: header '" + name + "' cannot be sent");
}

/// curl's multi interface with Asio as its event loop: curl says which sockets and which time to watch, the loop says what happened.
/// Nobody is called from inside curl: what has ended is collected, taken out, then told.
class HttpClient::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(const asio::any_io_executor& executor, HttpClientOptions options)
      : executor_(executor), options_(std::move(options)), timer_(executor) {
    if (!curl_ready()) throw std::runtime_error("libcurl cannot be initialised");
    multi_.reset(curl_multi_init());
    share_.reset(curl_share_init());
    if (!multi_ || !share_) throw std::bad_alloc();
    curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
    curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &Impl::on_socket);
    curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &Impl::on_timer);
    curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  }

  Id start(HttpRequest request, Done done);
  void cancel(Id id);
  void shut_down();

 private:
  /// A socket of curl's. Its descriptor is curl's too: it is given back, never closed.
  struct Watch {
    explicit Watch(const asio::any_io_executor& executor, curl_socket_t fd) : descriptor(executor, fd) {}
    asio::posix::stream_descriptor descriptor;
    bool wants_read = false, wants_write = false;
    bool reading = false, writing = false;  // a wait is in flight
  };

  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket_data);
  static int on_timer(CURLM* multi, long milliseconds, void* self);
  void watch(curl_socket_t fd, int what);
  void wait(const std::shared_ptr<Watch>& watch, curl_socket_t fd);
  void wait_for(const std::shared_ptr<Watch>& watch, curl_socket_t fd, int event);
  void happened(curl_socket_t fd, int event);
  void tell_ended();
  void fail_later(Id id, TransportError error, Done done);
  std::optional<core::TlsError> make_tls();

  struct Ended {
    std::unique_ptr<HttpTransfer> transfer;
    CURLcode code;
  };

  asio::any_io_executor executor_;
  HttpClientOptions options_;
  std::optional<core::TlsContext> tls_;  // once needed; lent to curl's connections
  std::unique_ptr<CURLSH, FreeShare> share_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::unordered_map<Id, std::unique_ptr<HttpTransfer>> transfers_;
  std::deque<Ended> ended_;               // not told yet
  std::unordered_map<Id, Done> failing_;  // could not even begin
  std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
  asio::steady_timer timer_;
  std::uint64_t last_id_ = 0;
};

HttpClient::HttpClient(const asio::any_io_executor& executor, HttpClientOptions options)
    : impl_(std::make_shared<Impl>(executor, std::move(options))) {}
HttpClient::~HttpClient() { impl_->shut_down(); }
HttpClient::Id HttpClient::start(HttpRequest request, Done done) { return impl_->start(std::move(request), std::move(done)); }
void HttpClient::cancel(Id id) { impl_->cancel(id); }

// ---- requests ----

HttpClient::Id HttpClient::Impl::start(HttpRequest request, Done done) {
  check_request(request);
  const Id id{++last_id_};
  auto url = parse_url(request.url);
  if (!url || !url->scheme.starts_with("http")) {
    const auto detail = "'" + request.url.substr(0, 200) + "' is not an http:// or https:// URL";
    fail_later(id, {.code = Errc::bad_url, .step = Step::url, .detail = detail}, std::move(done));
    return id;
  }
  if (url->secure()) {
    if (const auto error = make_tls()) {
      fail_later(id, {.code = error->code, .step = Step::security, .host = url->host, .port = url->port, .detail = error->detail},
                 std::move(done));
      return id;
    }
  }
  auto transfer = std::make_unique<HttpTransfer>(id, std::move(request), std::move(*url), std::move(done), options_, share_.get(),
                                                 tls_ ? &*tls_ : nullptr);
  if (curl_multi_add_handle(multi_.get(), transfer->easy()) != CURLM_OK) throw std::bad_alloc();
  transfers_.emplace(id, std::move(transfer));
  return id;
}

/// Files are read when the first request needs them, and again after a failure.
std::optional<core::TlsError> HttpClient::Impl::make_tls() {
  if (tls_) return std::nullopt;
  auto made = core::TlsContext::client(options_.tls);
  if (!made) return std::move(made.error());
  tls_ = std::move(*made);
  return std::nullopt;
}

void HttpClient::Impl::fail_later(Id id, TransportError error, Done done) {
  failing_.emplace(id, std::move(done));
  asio::post(executor_, [weak = weak_from_this(), id, error = std::move(error)] {
    const auto self = weak.lock();
    if (!self) return;
    if (auto failing = self->failing_.extract(id)) failing.mapped()(tl::unexpected(error));
  });
}

void HttpClient::Impl::cancel(Id id) {
  failing_.erase(id);
  std::erase_if(ended_, [id](const Ended& ended) { return ended.transfer->id() == id; });
  const auto node = transfers_.extract(id);
  if (node) curl_multi_remove_handle(multi_.get(), node.mapped()->easy());
}

void HttpClient::Impl::shut_down() {
  failing_.clear();
  ended_.clear();
  for (const auto& [id, transfer] : transfers_) curl_multi_remove_handle(multi_.get(), transfer->easy());
  transfers_.clear();
  multi_.reset();  // closes connections; on_socket gives their descriptors back first
  watches_.clear();
  timer_.cancel();
}

// ---- curl asks ----

int HttpClient::Impl::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  static_cast<Impl*>(self)->watch(fd, what);
  return 0;
}

void HttpClient::Impl::watch(curl_socket_t fd, int what) {
  if (what == CURL_POLL_REMOVE) {
    if (const auto node = watches_.extract(fd)) node.mapped()->descriptor.release();
    return;
  }
  auto& watch = watches_[fd];
  if (!watch) watch = std::make_shared<Watch>(executor_, fd);
  watch->wants_read = (what & CURL_POLL_IN) != 0;
  watch->wants_write = (what & CURL_POLL_OUT) != 0;
  wait(watch, fd);
}

int HttpClient::Impl::on_timer(CURLM*, long milliseconds, void* self) {
  auto& impl = *static_cast<Impl*>(self);
  if (milliseconds < 0) {
    impl.timer_.cancel();
    return 0;
  }
  impl.timer_.expires_after(std::chrono::milliseconds(milliseconds));
  impl.timer_.async_wait([weak = impl.weak_from_this()](const boost::system::error_code& error) {
    const auto self_again = weak.lock();
    if (self_again && !error) self_again->happened(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

// ---- the loop tells ----

void HttpClient::Impl::wait(const std::shared_ptr<Watch>& watch, curl_socket_t fd) {
  if (watch->wants_read && !std::exchange(watch->reading, true)) wait_for(watch, fd, CURL_CSELECT_IN);
  if (watch->wants_write && !std::exchange(watch->writing, true)) wait_for(watch, fd, CURL_CSELECT_OUT);
}

void HttpClient::Impl::wait_for(const std::shared_ptr<Watch>& watch, curl_socket_t fd, int event) {
  const bool read = event == CURL_CSELECT_IN;
  const auto direction = read ? asio::posix::stream_descriptor::wait_read : asio::posix::stream_descriptor::wait_write;
  watch->descriptor.async_wait(direction, [weak = weak_from_this(), watch, fd, event, read](const boost::system::error_code& error) {
    (read ? watch->reading : watch->writing) = false;
    const auto self = weak.lock();
    if (!self || error == asio::error::operation_aborted || !watch->descriptor.is_open()) return;
    if (read ? watch->wants_read : watch->wants_write) self->happened(fd, error ? CURL_CSELECT_ERR : event);
    if (self->multi_ && watch->descriptor.is_open()) self->wait(watch, fd);
  });
}

void HttpClient::Impl::happened(curl_socket_t fd, int event) {
  if (!multi_) return;
  int running = 0;
  curl_multi_socket_action(multi_.get(), fd, event, &running);
  tell_ended();
}

void HttpClient::Impl::tell_ended() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    HttpTransfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    curl_multi_remove_handle(multi_.get(), transfer->easy());
    auto node = transfers_.extract(transfer->id());
    ended_.push_back({std::move(node.mapped()), code});
  }
  while (!ended_.empty()) {  // one of them may cancel others, or destroy the client
    const auto next = std::move(ended_.front());
    ended_.pop_front();
    next.transfer->done(next.transfer->outcome(next.code));
  }
}

}  // namespace phx::net
