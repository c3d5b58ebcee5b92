#include "tls_stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace phx::core {

namespace {

constexpr std::size_t record_bytes = 16 * 1024;  // of plaintext, at most (RFC 8446 5.1)

// ---- a BIO over tls::Wire ----

int wire_read(BIO* bio, char* data, int size) {
  auto& in = static_cast<tls::Wire*>(BIO_get_data(bio))->in;
  BIO_clear_retry_flags(bio);
  if (in.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const auto n = std::min(in.size(), static_cast<std::size_t>(size));
  std::memcpy(data, in.data(), n);
  in = in.subspan(n);
  return static_cast<int>(n);
}

int wire_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  auto* out = static_cast<tls::Wire*>(BIO_get_data(bio))->out;
  if (out) out->append(data, static_cast<std::size_t>(size));
  return out ? size : -1;
}

long wire_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int wire_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO_METHOD* make_wire_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "phxkit wire");
  if (!method) throw std::bad_alloc();
  BIO_meth_set_read(method, wire_read);
  BIO_meth_set_write(method, wire_write);
  BIO_meth_set_ctrl(method, wire_control);
  BIO_meth_set_create(method, wire_create);
  return method;
}

const BIO_METHOD* wire_method() {
  static const std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> method(make_wire_method(), &BIO_meth_free);
  return method.get();
}

/// Connects the wire for the time of one call.
class Turn {
 public:
  Turn(tls::Wire& wire, std::span<const char> in, std::string* out) : wire_(wire) {
    ERR_clear_error();  // of others on this thread: SSL_get_error looks at the queue
    wire_ = {in, out};
  }
  ~Turn() { wire_ = {}; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  tls::Wire& wire_;
};

/// Server name indication and the name that the certificate must have. False: OpenSSL refused.
bool name_peer(SSL* ssl, const std::string& host) {
  if (host.empty()) return false;  // OpenSSL would check no name at all
  X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1) return true;  // an address: no SNI (RFC 6066 3)
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

/// The peer's alert that an error stands for; -1: it is none.
int alert_of(unsigned long error) {
  const int reason = ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET;
  return ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= 0 && reason <= 255 ? reason : -1;
}

/// What an alert says of the certificate that a client showed, or did not show. Empty: nothing.
std::string_view about_own_certificate(int alert, bool missed, bool shown) {
  constexpr std::string_view demanded = "the server demands a client certificate, and none is set",
                             refused = "the server refuses the client certificate";
  switch (alert) {
    case SSL_AD_HANDSHAKE_FAILURE:  // so TLS 1.2 says it
    case SSL_AD_CERTIFICATE_REQUIRED: return missed ? demanded : std::string_view();
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA: return missed ? demanded : shown ? refused : std::string_view();
    default: return {};
  }
}

}  // namespace

namespace tls {

int miss_certificate(SSL* ssl, X509**, EVP_PKEY**) {
  static_cast<TlsStream::Impl*>(SSL_get_app_data(ssl))->certificate_missed = true;
  return 0;  // goes on without
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  const auto& stream = *static_cast<TlsStream::Impl*>(SSL_get_app_data(ssl));
  stream.context->sessions.put(stream.host, Owned<SSL_SESSION>(session));
  return 1;  // taken over
}

}  // namespace tls

// ---- Impl ----

TlsStream::Impl::Impl(std::shared_ptr<TlsContext::Impl> shared) : context(std::move(shared)), ssl(SSL_new(context->ctx.get())) {
  BIO* bio = ssl ? BIO_new(wire_method()) : nullptr;
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio, &wire);
  SSL_set_bio(ssl.get(), bio, bio);  // one reference for both directions
  SSL_set_app_data(ssl.get(), this);
}

TlsStream::Impl::~Impl() {
  // Otherwise OpenSSL takes the session of a connection without a goodbye for broken and does not resume it.
  if (state != State::failed) SSL_set_shutdown(ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

std::error_code TlsStream::Impl::handshake() {
  const int done = SSL_do_handshake(ssl.get());
  if (done == 1) {
    state = State::open;
    return {};
  }
  return SSL_get_error(ssl.get(), done) == SSL_ERROR_WANT_READ ? std::error_code() : fail();
}

std::error_code TlsStream::Impl::read(std::string& plain) {
  std::array<char, record_bytes> buffer;  // uninitialised on purpose: the bytes below n are written first
  while (!peer_closed) {
    std::size_t n = 0;
    const int done = SSL_read_ex(ssl.get(), buffer.data(), buffer.size(), &n);
    if (done == 1) {
      plain.append(buffer.data(), n);
      continue;
    }
    switch (SSL_get_error(ssl.get(), done)) {
      case SSL_ERROR_WANT_READ: return {};
      case SSL_ERROR_ZERO_RETURN: peer_closed = true; break;
      default: return fail();
    }
  }
  return {};
}

std::error_code TlsStream::Impl::fail() {
  detail = reason();
  state = State::failed;
  ERR_clear_error();
  return Errc::tls_failed;
}

std::string TlsStream::Impl::reason() const {
  const bool is_client = SSL_is_server(ssl.get()) == 0;
  if (const long verdict = SSL_get_verify_result(ssl.get()); verdict != X509_V_OK) {
    const std::string whose = is_client ? "certificate of host " + host : std::string("certificate of the client");
    if (verdict == X509_V_ERR_APPLICATION_VERIFICATION) return whose + ": its public key is not among the pinned ones";
    return whose + ": " + X509_verify_cert_error_string(verdict);
  }
  const auto code = ERR_peek_error();
  const bool not_tls = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER;
  if (is_client && state == State::handshaking && not_tls) return "the peer does not speak TLS (wrong version number)";
  const bool shown = SSL_get_certificate(ssl.get()) != nullptr;
  const auto own = is_client ? about_own_certificate(alert_of(code), certificate_missed, shown) : std::string_view();
  if (!own.empty()) return std::string(own) + " (" + tls::take_error() + ")";
  return (state == State::handshaking ? "TLS handshake: " : "TLS: ") + tls::take_error();
}

// ---- TlsStream ----

TlsStream::TlsStream(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
TlsStream::TlsStream(TlsStream&&) noexcept = default;
TlsStream& TlsStream::operator=(TlsStream&&) noexcept = default;

TlsStream::~TlsStream() = default;

TlsStream TlsStream::client(const TlsContext& context, std::string_view host) {
  auto impl = std::make_unique<Impl>(context.impl_);
  impl->host = context.impl_->server_name.empty() ? host : context.impl_->server_name;
  if (impl->host.ends_with('.')) impl->host.pop_back();  // "example.org." is absolute; certificates never say so
  SSL_set_connect_state(impl->ssl.get());
  if (!name_peer(impl->ssl.get(), impl->host)) {
    impl->detail = "'" + impl->host + "' cannot be the name of a TLS server";
    impl->state = Impl::State::failed;
  } else if (const auto session = context.impl_->sessions.take(impl->host)) {
    SSL_set_session(impl->ssl.get(), session.get());
  }
  ERR_clear_error();
  return TlsStream(std::move(impl));
}

TlsStream TlsStream::server(const TlsContext& context) {
  auto impl = std::make_unique<Impl>(context.impl_);
  SSL_set_accept_state(impl->ssl.get());
  return TlsStream(std::move(impl));
}

std::error_code TlsStream::start(std::string& to_wire) {
  if (impl_->state == Impl::State::failed) return Errc::tls_failed;
  const Turn turn(impl_->wire, {}, &to_wire);
  return impl_->handshake();
}

std::error_code TlsStream::feed(std::span<const char> wire, std::string& plain, std::string& to_wire) {
  if (impl_->state == Impl::State::failed) return Errc::tls_failed;
  const Turn turn(impl_->wire, wire, &to_wire);
  if (impl_->state == Impl::State::handshaking) {
    if (const auto error = impl_->handshake()) return error;
    if (impl_->state == Impl::State::handshaking) return {};
  }
  return impl_->read(plain);
}

std::error_code TlsStream::write(std::string_view plain, std::string& to_wire) {
  if (impl_->state == Impl::State::failed) return Errc::tls_failed;
  if (!ready()) throw std::logic_error("TlsStream::write: not ready");
  if (plain.empty()) return {};
  const Turn turn(impl_->wire, {}, &to_wire);
  std::size_t n = 0;
  return SSL_write_ex(impl_->ssl.get(), plain.data(), plain.size(), &n) == 1 ? std::error_code() : impl_->fail();
}

void TlsStream::close(std::string& to_wire) {
  if (!ready()) return;
  const Turn turn(impl_->wire, {}, &to_wire);
  SSL_shutdown(impl_->ssl.get());  // its result only says whether the peer has said goodbye too
  impl_->state = Impl::State::closing;
}

std::error_code TlsStream::wire_ended() {
  if (impl_->state == Impl::State::failed) return Errc::tls_failed;
  if (impl_->peer_closed) return {};
  impl_->detail = impl_->state == Impl::State::handshaking ? "the connection ended during the TLS handshake"
                                                           : "the connection ended without a TLS goodbye; data may be missing";
  impl_->state = Impl::State::failed;
  return Errc::tls_failed;
}

bool TlsStream::ready() const noexcept { return impl_->state == Impl::State::open; }
bool TlsStream::peer_closed() const noexcept { return impl_->peer_closed; }
const std::string& TlsStream::detail() const noexcept { return impl_->detail; }
bool TlsStream::resumed() const noexcept { return SSL_session_reused(impl_->ssl.get()) == 1; }

std::string_view TlsStream::version() const noexcept {
  return impl_->state == Impl::State::handshaking ? std::string_view() : SSL_get_version(impl_->ssl.get());
}

std::string_view TlsStream::alpn() const noexcept {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(impl_->ssl.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace phx::core
