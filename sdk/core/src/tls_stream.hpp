#pragma once

#include <memory>
#include <span>
#include <string>

#include "tls_context.hpp"

namespace phx::core {
namespace tls {

/// Where OpenSSL reads and writes during one call: the caller's own memory, so that nothing is kept between calls.
struct Wire {
  std::span<const char> in{};
  std::string* out = nullptr;
};

/// OpenSSL's callback for a session worth keeping.
int keep_session(SSL* ssl, SSL_SESSION* session);
/// OpenSSL's callback when the server asks for a certificate and there is none.
int miss_certificate(SSL* ssl, X509** certificate, EVP_PKEY** key);

}  // namespace tls

struct TlsStream::Impl {
  explicit Impl(std::shared_ptr<TlsContext::Impl> shared);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::shared_ptr<TlsContext::Impl> context;  // before ssl, which uses it
  tls::Wire wire;
  tls::Owned<SSL> ssl;
  std::string host;  // whom the certificate must name; empty on a server
  std::string detail;
  enum class State : unsigned char { handshaking, open, closing, failed } state = State::handshaking;
  bool peer_closed = false;
  bool certificate_missed = false;  // the server asked for one

  std::error_code handshake();
  std::error_code read(std::string& plain);
  std::error_code fail();
  std::string reason() const;
};

}  // namespace phx::core
