#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <openssl/ssl.h>

#include <phx/core/tls.hpp>

namespace phx::core {
namespace tls {

struct Free {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// The newest session per host. A ticket of TLS 1.3 is used once, or its user could be followed from network to network (RFC 8446 C.4).
class SessionCache {
 public:
  void put(const std::string& host, Owned<SSL_SESSION> session);
  Owned<SSL_SESSION> take(const std::string& host);

 private:
  static constexpr std::size_t max_hosts = 256;
  std::mutex mutex_;  // guards sessions_: streams of one context live on many threads
  std::unordered_map<std::string, Owned<SSL_SESSION>> sessions_;
};

/// "sha256/" and the base64 of the hash of the certificate's SubjectPublicKeyInfo.
std::string pin_of(X509* certificate);
/// Text of the oldest error in OpenSSL's queue of this thread, which is emptied.
std::string take_error();

}  // namespace tls

struct TlsContext::Impl {
  tls::Owned<SSL_CTX> ctx;
  bool verify = true;
  std::vector<std::string> pins;  // as pin_of() writes them
  std::string server_name;
  tls::SessionCache sessions;
};

}  // namespace phx::core
