#include "http_transfer.hpp"

#include <algorithm>
#include <cctype>
#include <new>
#include <system_error>
#include <utility>

namespace phx::net {

namespace {

long milliseconds(Duration duration) {
  return static_cast<long>(std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()));
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto begin = text.find_first_not_of(space);
  return begin == text.npos ? std::string_view() : text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

void append(std::unique_ptr<curl_slist, FreeList>& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (!longer) throw std::bad_alloc();
  static_cast<void>(list.release());  // it is part of the longer one
  list.reset(longer);
}

}  // namespace

HttpTransfer::HttpTransfer(HttpClient::Id id, HttpRequest request, Url url, HttpClient::Done when_done, const HttpClientOptions& options,
                           CURLSH* share, const core::TlsContext* tls)
    : done(std::move(when_done)),
      id_(id),
      request_(std::move(request)),
      url_(std::move(url)),
      proxy_(options.proxy),
      tls_(tls),
      easy_(curl_easy_init()) {
  if (!easy_) throw std::bad_alloc();
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_ERRORBUFFER, error_.data());
  set(CURLOPT_SHARE, share);
  set(CURLOPT_COOKIEFILE, "");  // cookies are kept, in memory
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // do not wait for the thread of a name lookup
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PROXY, (options.proxy ? options.proxy->url() : std::string()).c_str());  // empty: none, also none of the environment
  set(CURLOPT_NOPROXY, "");                                                            // nor its exceptions
  set(CURLOPT_HTTPPROXYTUNNEL, 1L);  // also for http: the proxy's answers are then never taken for the server's
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_ACCEPT_ENCODING, "");  // whatever curl can decompress
  set(CURLOPT_TIMEOUT_MS, milliseconds(request_.timeout));
  set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request_.connect_timeout));
  set(CURLOPT_FOLLOWLOCATION, request_.max_redirects > 0 ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, static_cast<long>(request_.max_redirects));
  set(CURLOPT_WRITEFUNCTION, &HttpTransfer::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &HttpTransfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set_request();
  set_headers();
  if (url_.secure()) set_tls(options.tls);
}

template <class T>
void HttpTransfer::set(CURLoption option, T value) {
  if (curl_easy_setopt(easy_.get(), option, value) == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
}

void HttpTransfer::set_request() {
  set(CURLOPT_URL, url_.text().c_str());
  const auto& method = request_.method;
  if (method == "HEAD") return set(CURLOPT_NOBODY, 1L);
  if (!request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.data());
  }
  const bool usual = method == "POST" || (method == "GET" && request_.body.empty());  // curl changes its own ones on a redirect
  if (!usual) set(CURLOPT_CUSTOMREQUEST, method.c_str());
}

void HttpTransfer::set_headers() {
  std::string cookies;
  bool has_type = false;
  for (const auto& [name, value] : request_.headers) {
    if (same_name(name, "cookie")) {
      cookies += (cookies.empty() ? "" : "; ") + value;
      continue;
    }
    has_type = has_type || same_name(name, "content-type");
    append(headers_, value.empty() ? name + ';' : name + ": " + value);
  }
  if (!has_type) append(headers_, "Content-Type:");  // none, rather than that of a form
  append(headers_, "Expect:");                       // no waiting for 100 Continue
  const bool may_move = request_.max_redirects > 0;  // curl keeps a header, but not CURLOPT_COOKIE, from other hosts
  if (!cookies.empty() && may_move) append(headers_, "Cookie: " + cookies);
  if (!cookies.empty() && !may_move) set(CURLOPT_COOKIE, cookies.c_str());
  set(CURLOPT_HTTPHEADER, headers_.get());
}

void HttpTransfer::set_tls(const core::TlsClientOptions& options) {
  set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));  // trust is lent by our context
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  set(CURLOPT_SSL_VERIFYPEER, options.verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, options.verify ? 2L : 0L);
  set(CURLOPT_SSL_CTX_FUNCTION, &HttpTransfer::on_ssl_context);
  set(CURLOPT_SSL_CTX_DATA, this);
  if (!options.server_name.empty()) ask_for_name(options.server_name);
}

/// Another name for SNI and certificate than that of the URL: curl takes both from the URL, so that gets the name, and is told where
/// to connect and which host to ask for.
void HttpTransfer::ask_for_name(const std::string& name) {
  Url named = url_;
  named.host = name;
  append(connect_to_, "::" + (url_.host.find(':') == url_.host.npos ? url_.host : '[' + url_.host + ']') + ':' + std::to_string(url_.port));
  append(headers_, "Host: " + url_.authority());
  set(CURLOPT_CONNECT_TO, connect_to_.get());
  set(CURLOPT_HTTPHEADER, headers_.get());
  set(CURLOPT_URL, named.text().c_str());
}

// ---- what curl calls ----

std::size_t HttpTransfer::on_body(char* data, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  transfer.too_large_ = size > transfer.request_.max_body_bytes - transfer.answer_.body.size();
  if (transfer.too_large_) return CURL_WRITEFUNC_ERROR;
  transfer.answer_.body.append(data, size);
  return size;
}

std::size_t HttpTransfer::on_header(char* data, std::size_t, std::size_t size, void* self) {
  auto& headers = static_cast<HttpTransfer*>(self)->answer_.headers;
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) {  // of the last answer only
    headers.clear();
    return size;
  }
  const auto colon = line.find(':');
  if (colon == line.npos) return size;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
  return size;
}

CURLcode HttpTransfer::on_ssl_context(CURL*, void* context, void* self) {
  static_cast<HttpTransfer*>(self)->tls_->lend_to(static_cast<ssl_ctx_st*>(context));
  return CURLE_OK;
}

// ---- how it ended ----

tl::expected<HttpAnswer, TransportError> HttpTransfer::outcome(CURLcode code) {
  if (code != CURLE_OK) return tl::unexpected(failure(code));
  answer_.status = static_cast<int>(info(CURLINFO_RESPONSE_CODE));
  return std::move(answer_);
}

long HttpTransfer::info(CURLINFO number) const {
  long value = 0;
  curl_easy_getinfo(easy(), number, &value);
  return value;
}

bool HttpTransfer::happened(CURLINFO time) const {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy(), time, &microseconds);
  return microseconds > 0;
}

Step HttpTransfer::step_of(CURLcode code) const {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return Step::url;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return Step::resolve;
    case CURLE_COULDNT_CONNECT: return Step::connect;
    case CURLE_PROXY: return Step::proxy;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR: return Step::security;
    default: break;
  }
  if (happened(CURLINFO_PRETRANSFER_TIME_T)) return Step::request;
  const bool tunnel = proxy_ && proxy_->kind == ProxyOptions::Kind::http;
  if (tunnel && info(CURLINFO_HTTP_CONNECTCODE) / 100 != 2) return Step::proxy;
  if (happened(CURLINFO_CONNECT_TIME_T)) return url_.secure() ? Step::security : Step::request;
  return happened(CURLINFO_NAMELOOKUP_TIME_T) ? Step::connect : Step::resolve;
}

TransportError HttpTransfer::failure(CURLcode code) const {
  TransportError error{
      .code = Errc::connection_closed, .step = step_of(code), .host = url_.host, .port = url_.port, .detail = detail(code)};
  const long os_error = info(CURLINFO_OS_ERRNO);
  const bool on_the_way = error.step == Step::resolve || error.step == Step::connect || error.step == Step::proxy;
  if (proxy_ && (on_the_way || info(CURLINFO_HTTP_CONNECTCODE) >= 300)) return proxy_failure(code, os_error);
  if (code == CURLE_OPERATION_TIMEDOUT) {
    error.code = error.step == Step::request ? std::make_error_code(std::errc::timed_out) : make_error_code(Errc::connect_timeout);
    error.detail.clear();
  } else if (too_large_) {
    error.code = Errc::message_too_large;
    error.detail = "the answer has more than " + std::to_string(request_.max_body_bytes) + " bytes";
  } else if (error.step == Step::security) {
    error.code = Errc::tls_failed;
  } else if (error.step == Step::connect && os_error != 0) {
    error.code = std::error_code(static_cast<int>(os_error), std::system_category());
    error.detail.clear();  // the code says it
  }
  return error;
}

/// In the words of the WebSocket's tunnel.
TransportError HttpTransfer::proxy_failure(CURLcode code, long os_error) const {
  TransportError error{.code = Errc::proxy_failed, .step = Step::proxy, .host = url_.host, .port = url_.port};
  const std::string proxy = "proxy " + proxy_->authority();
  const auto status = static_cast<int>(info(CURLINFO_HTTP_CONNECTCODE));
  if (status >= 300) {
    error.detail = proxy + ": " + proxy_refusal(status, proxy_->has_credentials());
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    error.code = Errc::connect_timeout;
    error.detail = proxy + " did not connect within the time limit";
  } else if (code == CURLE_COULDNT_RESOLVE_PROXY) {
    error.detail = "cannot find proxy host " + proxy_->host;
  } else if (code == CURLE_COULDNT_CONNECT && os_error != 0) {
    error.code = std::error_code(static_cast<int>(os_error), std::system_category());
    error.detail = "cannot connect to " + proxy + ": " + error.code.message();
  } else {
    error.detail = proxy + ": " + detail(code);
  }
  return error;
}

/// In the words of the WebSocket's TLS.
std::string HttpTransfer::detail(CURLcode code) const {
  std::string text = error_.front() != '\0' ? error_.data() : curl_easy_strerror(code);
  const std::string whose = "certificate of host " + url_.host + ": ";
  constexpr std::string_view problem = "SSL certificate problem: ";
  if (text.starts_with(problem)) {
    text.erase(0, problem.size());
    if (text == "application verification failure") text = "its public key is not among the pinned ones";
    return whose + text;
  }
  if (text.find("target host name") != text.npos) return whose + "hostname mismatch";
  return text;
}

}  // namespace phx::net
