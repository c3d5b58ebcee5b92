#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include <curl/curl.h>

#include <phx/core/tls.hpp>
#include <phx/net/http_client.hpp>
#include <phx/net/url.hpp>

namespace phx::net {

// curl's handles are one type to the compiler.
struct FreeEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct FreeShare {
  void operator()(CURLSH* share) const noexcept { curl_share_cleanup(share); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// One request with its curl handle: the options in, the answer or the failure out. At one address: curl points to it.
class HttpTransfer {
 public:
  /// `url` is that of the request. tls: for https; borrowed for life, as is `share`.
  HttpTransfer(HttpClient::Id id, HttpRequest request, Url url, HttpClient::Done done, const HttpClientOptions& options, CURLSH* share,
               const core::TlsContext* tls);
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  CURL* easy() const noexcept { return easy_.get(); }
  HttpClient::Id id() const noexcept { return id_; }
  /// What curl's last word means.
  tl::expected<HttpAnswer, TransportError> outcome(CURLcode code);

  const HttpClient::Done done;

 private:
  template <class T>
  void set(CURLoption option, T value);
  void set_request();
  void set_headers();
  void set_tls(const core::TlsClientOptions& options);
  void ask_for_name(const std::string& name);
  TransportError failure(CURLcode code) const;
  TransportError proxy_failure(CURLcode code, long os_error) const;
  long info(CURLINFO number) const;
  Step step_of(CURLcode code) const;
  std::string detail(CURLcode code) const;
  bool happened(CURLINFO time) const;

  static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* self);
  static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* self);
  static CURLcode on_ssl_context(CURL* easy, void* context, void* self);

  HttpClient::Id id_;
  HttpRequest request_;
  Url url_;
  std::optional<ProxyOptions> proxy_;
  const core::TlsContext* tls_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::unique_ptr<curl_slist, FreeList> connect_to_;
  HttpAnswer answer_;
  bool too_large_ = false;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::unique_ptr<CURL, FreeEasy> easy_;  // last: freed first
};

}  // namespace phx::net
