#include "tls_context.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <utility>

#include <phx/core/base64.hpp>

#include "tls_stream.hpp"

namespace phx::core {

using tls::Owned;

namespace {

constexpr std::array<unsigned char, 9> alpn_http11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

constexpr std::size_t pin_chars = 44;  // base64 of 32 bytes

using Problem = std::string;  // empty: none

Problem of_file(std::string_view what, const std::string& file) { return std::string(what) + " '" + file + "': " + tls::take_error(); }

/// Keys with a passphrase are refused: a library does not ask on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

bool is_pinned(X509_STORE_CTX* store, const TlsContext::Impl& context) {
  const auto matches = [&](X509* certificate) { return std::ranges::find(context.pins, tls::pin_of(certificate)) != context.pins.end(); };
  // Only what was verified proves anything: the rest of an unverified chain is whatever the peer chose to send.
  if (!context.verify) return matches(X509_STORE_CTX_get0_cert(store));
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(store);
  for (int i = 0; i < sk_X509_num(chain); ++i)
    if (matches(sk_X509_value(chain, i))) return true;
  return false;
}

int verify_peer(X509_STORE_CTX* store, void* arg) {
  const auto& context = *static_cast<const TlsContext::Impl*>(arg);
  if (context.verify && X509_verify_cert(store) != 1) return 0;
  const bool good = context.pins.empty() || is_pinned(store, context);
  X509_STORE_CTX_set_error(store, good ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
  return good ? 1 : 0;
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_size, alpn_http11.data(), alpn_http11.size(), offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

Problem use_identity(SSL_CTX* ctx, const std::string& cert_file, const std::string& key_file) {
  if (cert_file.empty() != key_file.empty()) return "a certificate needs its key, and a key its certificate";
  if (cert_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(ctx, cert_file.c_str()) != 1) return of_file("certificate", cert_file);
  SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
  if (SSL_CTX_use_PrivateKey_file(ctx, key_file.c_str(), SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(ctx) == 1) return {};
  const auto code = ERR_peek_error();
  if (ERR_GET_LIB(code) != ERR_LIB_X509) return of_file("key", key_file);
  ERR_clear_error();
  return "key '" + key_file + "' does not belong to certificate '" + cert_file + "'";
}

Problem trust_pem(SSL_CTX* ctx, const std::string& pem) {
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  int count = 0;
  while (const Owned<X509> authority{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)}) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), authority.get());
    ++count;
  }
  const auto end = ERR_peek_last_error();
  const bool whole = ERR_GET_LIB(end) == ERR_LIB_PEM && ERR_GET_REASON(end) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  return count > 0 && whole ? "" : "the CA certificates given as text are not PEM";
}

Problem use_authorities(SSL_CTX* ctx, const TlsClientOptions& options) {
  if (!options.ca_file.empty() && SSL_CTX_load_verify_file(ctx, options.ca_file.c_str()) != 1) return of_file("CA file", options.ca_file);
  if (!options.ca_pem.empty()) return trust_pem(ctx, options.ca_pem);
  if (!options.ca_file.empty() || SSL_CTX_set_default_verify_paths(ctx) == 1) return {};
  return "the CA certificates of the system: " + tls::take_error();
}

Problem use_pins(const std::vector<std::string>& pins, std::vector<std::string>& out) {
  for (const std::string& pin : pins) {
    std::string_view text = pin;
    if (text.starts_with("sha256/")) text.remove_prefix(7);
    // curl writes two slashes; a base64 text may begin with one of its own.
    if (text.size() == pin_chars + 1 && text.starts_with('/')) text.remove_prefix(1);
    const auto digest = base64_decode(text);
    if (!digest || digest->size() != 32) return "pin '" + pin + "' is not the base64 of a SHA-256";
    out.push_back("sha256/" + base64_encode(*digest));
  }
  return {};
}

Problem require_client_certificates(SSL_CTX* ctx, const std::string& ca_file) {
  auto* names = SSL_load_client_CA_file(ca_file.c_str());
  if (!names || SSL_CTX_load_verify_file(ctx, ca_file.c_str()) != 1) return of_file("client CA file", ca_file);
  SSL_CTX_set_client_CA_list(ctx, names);  // takes them over
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

Problem set_up_client(TlsContext::Impl& out, const TlsClientOptions& options) {
  SSL_CTX* ctx = out.ctx.get();
  out.verify = options.verify;
  out.server_name = options.server_name;
  if (out.verify || !options.pins.empty()) SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  if (auto problem = use_pins(options.pins, out.pins); !problem.empty()) return problem;
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, tls::keep_session);
  SSL_CTX_set_alpn_protos(ctx, alpn_http11.data(), alpn_http11.size());
  if (auto problem = use_authorities(ctx, options); out.verify && !problem.empty()) return problem;
  ERR_clear_error();
  SSL_CTX_set_client_cert_cb(ctx, tls::miss_certificate);  // only where no certificate is set
  return use_identity(ctx, options.client_cert_file, options.client_key_file);
}

Problem set_up_server(TlsContext::Impl& out, const TlsServerOptions& options) {
  SSL_CTX* ctx = out.ctx.get();
  out.verify = !options.client_ca_file.empty();
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);  // the client keeps its session, as a ticket
  SSL_CTX_set_num_tickets(ctx, 1);
  constexpr std::string_view id = "phxkit";
  SSL_CTX_set_session_id_context(ctx, reinterpret_cast<const unsigned char*>(id.data()), id.size());
  SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, nullptr);
  if (options.cert_file.empty() || options.key_file.empty()) return "a TLS server needs a certificate and its key";
  if (auto problem = use_identity(ctx, options.cert_file, options.key_file); !problem.empty() || !out.verify) return problem;
  return require_client_certificates(ctx, options.client_ca_file);
}

template <class Options>
TlsResult<std::shared_ptr<TlsContext::Impl>> make(const SSL_METHOD* method, const Options& options,
                                                  Problem (*set_up)(TlsContext::Impl&, const Options&)) {
  ERR_clear_error();
  auto impl = std::make_shared<TlsContext::Impl>();
  impl->ctx.reset(SSL_CTX_new(method));
  if (!impl->ctx) return tl::unexpected(TlsError{Errc::tls_failed, "OpenSSL: " + tls::take_error()});
  SSL_CTX* ctx = impl->ctx.get();
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_cert_verify_callback(ctx, verify_peer, impl.get());
  if (auto problem = set_up(*impl, options); !problem.empty()) return tl::unexpected(TlsError{Errc::tls_failed, std::move(problem)});
  return impl;
}

}  // namespace

namespace tls {

void SessionCache::put(const std::string& host, Owned<SSL_SESSION> session) {
  const std::scoped_lock lock(mutex_);
  if (sessions_.size() >= max_hosts && !sessions_.contains(host)) sessions_.clear();
  sessions_[host] = std::move(session);
}

Owned<SSL_SESSION> SessionCache::take(const std::string& host) {
  const std::scoped_lock lock(mutex_);
  const auto found = sessions_.find(host);
  if (found == sessions_.end()) return nullptr;
  if (SSL_SESSION_get_protocol_version(found->second.get()) < TLS1_3_VERSION) {
    SSL_SESSION_up_ref(found->second.get());
    return Owned<SSL_SESSION>(found->second.get());
  }
  Owned<SSL_SESSION> session = std::move(found->second);
  sessions_.erase(found);
  return session;
}

std::string pin_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return {};
  std::array<char, 32> digest{};
  const int hashed =
      EVP_Digest(der, static_cast<std::size_t>(size), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  return hashed == 1 ? "sha256/" + base64_encode({digest.data(), digest.size()}) : std::string();
}

std::string take_error() {
  const auto code = ERR_peek_error();
  const int library = ERR_GET_LIB(code), reason = ERR_GET_REASON(code);
  ERR_clear_error();
  if (code == 0) return "unknown reason";
  if (ERR_SYSTEM_ERROR(code)) return std::system_category().message(reason);
  if (library == ERR_LIB_PEM && reason == PEM_R_NO_START_LINE) return "not a PEM file of the right kind";
  if (library == ERR_LIB_OSSL_DECODER) return "not a PEM file of the right kind";
  const char* text = ERR_reason_error_string(code);
  return text ? text : "OpenSSL error " + std::to_string(code);
}

}  // namespace tls

void TlsContext::lend_to(ssl_ctx_st* other) const {
  SSL_CTX* own = impl_->ctx.get();
  SSL_CTX_set_min_proto_version(other, TLS1_2_VERSION);
  SSL_CTX_set_options(other, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set1_cert_store(other, SSL_CTX_get_cert_store(own));
  SSL_CTX_set_verify(other, SSL_CTX_get_verify_mode(own), nullptr);
  SSL_CTX_set_cert_verify_callback(other, verify_peer, impl_.get());
  if (X509* certificate = SSL_CTX_get0_certificate(own)) {
    STACK_OF(X509)* chain = nullptr;
    SSL_CTX_get0_chain_certs(own, &chain);
    SSL_CTX_use_cert_and_key(other, certificate, SSL_CTX_get0_privatekey(own), chain, 1);
  }
}

TlsContext::TlsContext(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

TlsResult<TlsContext> TlsContext::client(const TlsClientOptions& options) {
  return make(TLS_client_method(), options, set_up_client).map([](auto impl) { return TlsContext(std::move(impl)); });
}

TlsResult<TlsContext> TlsContext::server(const TlsServerOptions& options) {
  return make(TLS_server_method(), options, set_up_server).map([](auto impl) { return TlsContext(std::move(impl)); });
}

}  // namespace phx::core
