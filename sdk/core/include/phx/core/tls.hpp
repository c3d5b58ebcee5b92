#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <phx/core/error.hpp>

struct ssl_ctx_st;

namespace phx::core {

/// Errc::tls_failed, and one line that says what and whose: "certificate of host x: hostname mismatch". Holds no secrets.
struct TlsError {
  std::error_code code{};
  std::string detail{};
};
template <class T>
using TlsResult = tl::expected<T, TlsError>;

/// All files are PEM. The authorities of the system are trusted unless ca_file or ca_pem names others.
struct TlsClientOptions {
  bool verify = true;  ///< false: any certificate is taken, so anybody can be in the middle; pins still count
  std::string ca_file{};
  std::string ca_pem{};
  std::string client_cert_file{};  ///< chain, own certificate first
  std::string client_key_file{};
  /// SHA-256 of a public key (SubjectPublicKeyInfo) in base64, with or without "sha256/". One of them, the backups included, must
  /// occur in the verified chain; without verification it must be the server's own.
  std::vector<std::string> pins{};
  std::string server_name{};  ///< instead of the URL's host: what is asked for (SNI) and what the certificate must name
};

struct TlsServerOptions {
  std::string cert_file{};  ///< chain, own certificate first
  std::string key_file{};
  std::string client_ca_file{};  ///< given: clients must show a certificate of these authorities
};

/// What connections have in common: keys, trust, and on a client the sessions to resume. TLS 1.2 or newer, ALPN http/1.1, no
/// renegotiation, no compression. A handle, cheap to copy, for any thread.
class TlsContext {
 public:
  static TlsResult<TlsContext> client(const TlsClientOptions& options);
  static TlsResult<TlsContext> server(const TlsServerOptions& options);

  /// Gives an OpenSSL context that another library made (libcurl) the trust, pins, identity and limits of this client context, which
  /// must outlive it. The name in the certificate is the other library's to check.
  void lend_to(ssl_ctx_st* other) const;

  struct Impl;  // opaque

 private:
  friend class TlsStream;
  explicit TlsContext(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // with the streams
};

/// One TLS connection as a byte machine: ciphertext in, plaintext and answers out. Reads no clock, does no I/O; an idle one holds no
/// buffers (records are read from the caller's bytes and written to the caller's string).
///
///   handshaking --finished--> open --close()--> closing        any --error--> failed
///
/// After an error `to_wire` may hold an alert worth sending; every later call returns the same error.
class TlsStream {
 public:
  /// `host`: name or IP address, as in the URL.
  static TlsStream client(const TlsContext& context, std::string_view host);
  static TlsStream server(const TlsContext& context);
  TlsStream(TlsStream&&) noexcept;
  TlsStream& operator=(TlsStream&&) noexcept;
  ~TlsStream();

  /// The client's first flight; nothing on a server. Once, before everything else.
  std::error_code start(std::string& to_wire);
  /// Bytes of the peer, in any pieces. Appends.
  std::error_code feed(std::span<const char> wire, std::string& plain, std::string& to_wire);
  /// Only while ready(); throws std::logic_error otherwise.
  std::error_code write(std::string_view plain, std::string& to_wire);
  /// Says goodbye (close_notify). What the peer still sends is read on. Does nothing before the handshake or a second time.
  void close(std::string& to_wire);
  /// The bytes of the peer have ended. An error unless it said goodbye: what it sent may be cut short.
  std::error_code wire_ended();

  /// Plaintext may be written.
  bool ready() const noexcept;
  /// The peer said goodbye: no more plaintext will come.
  bool peer_closed() const noexcept;
  /// One line about the error.
  const std::string& detail() const noexcept;
  /// An earlier session was continued; after the handshake.
  bool resumed() const noexcept;
  /// "TLSv1.3", "http/1.1"; empty where nothing was agreed. After the handshake.
  std::string_view version() const noexcept;
  std::string_view alpn() const noexcept;

  struct Impl;  // opaque

 private:
  explicit TlsStream(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;  // at one address: OpenSSL points to it
};

}  // namespace phx::core
