#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <phx/core/tls.hpp>

#include "support/certificates.hpp"

namespace phx::test {

/// One end of a connection in memory.
struct End {
  core::TlsStream stream;
  std::string out{};    ///< ciphertext for the other end
  std::string heard{};  ///< plaintext
  std::error_code error{};

  void feed(std::string_view wire) {
    if (const auto failed = stream.feed(wire, heard, out)) error = failed;
  }
  void say(std::string_view text) { error = stream.write(text, out); }
};

/// A client and a server with bytes going back and forth in pieces of a given size.
struct Talk {
  Talk(const core::TlsContext& client_context, const core::TlsContext& server_context, std::string_view host = "localhost",
       std::size_t piece_bytes = 1 << 20)
      : client{core::TlsStream::client(client_context, host)}, server{core::TlsStream::server(server_context)}, piece(piece_bytes) {
    client.error = client.stream.start(client.out);
    server.error = server.stream.start(server.out);
    settle();
  }

  /// Until nobody has anything more to send.
  void settle() {
    while (!client.out.empty() || !server.out.empty()) {
      carry(client, server);
      carry(server, client);
    }
  }

  void carry(End& from, End& to) const {
    const std::string wire = std::exchange(from.out, {});
    for (std::size_t at = 0; at < wire.size(); at += piece) to.feed(std::string_view(wire).substr(at, piece));
  }

  End client, server;
  std::size_t piece;
};

/// A server certificate of an authority that the client trusts.
struct Pki {
  core::TlsContext server(const Identity& identity, const std::string& client_ca = {}) {
    const core::TlsServerOptions options{.cert_file = files.add(identity.cert),
                                         .key_file = files.add(identity.key),
                                         .client_ca_file = client_ca.empty() ? std::string() : files.add(client_ca)};
    return core::TlsContext::server(options).value();
  }
  core::TlsContext server() { return server(authority.issue()); }
  core::TlsClientOptions trusting() const { return {.ca_pem = authority.identity().cert}; }
  core::TlsContext client() const { return core::TlsContext::client(trusting()).value(); }

  Authority authority;
  PemFiles files;
};

}  // namespace phx::test
