#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/core/error.hpp>
#include <phx/core/ws/deflate.hpp>

namespace phx::core::ws {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// base64(SHA-1(key + RFC 6455 GUID)): vector W1.
std::string accept_value(std::string_view key);

/// 16 random bytes in base64. `random16` is 16 bytes (else std::invalid_argument).
std::string make_key(std::string_view random16);

// ---- server ----

enum class Strictness : std::uint8_t {
  phoenix,  ///< server.md 1.3 step 9: Host, Connection: upgrade, Upgrade: websocket, a key (any text), version 13; else 400 with one line
  strict,   ///< RFC 6455: key is 16 bytes of base64, no duplicate key, another version gets 426 with Sec-WebSocket-Version: 13
};

struct UpgradeRefusal {
  int status;        ///< 400 or 426
  std::string body;  ///< one line, says what is missing; phoenix quotes the offending header as Phoenix does (empty without Host)
  HeaderList headers;
};

/// Checks the upgrade headers of a GET. On success the accept value. Headers: names in lower case.
tl::expected<std::string, UpgradeRefusal> check_upgrade(const HeaderList& headers, Strictness strictness);

// ---- client ----

struct ClientHandshakeOptions {
  std::string host;    ///< Host header, with port unless default
  std::string target;  ///< path and query
  std::vector<std::string> subprotocols;
  HeaderList headers;  ///< further headers (cookies, authorization); a Host here replaces `host`
  bool offer_deflate = false;
  DeflateOffer deflate{};  ///< what is then offered
};

struct HandshakeAnswer {
  int status = 0;                        ///< 101 or the refusal
  HeaderList headers;                    ///< names in lower case
  std::string body;                      ///< of a refusal, as far as it came, at most 16 KiB
  std::string subprotocol;               ///< chosen by the server, or empty
  std::optional<DeflateParams> deflate;  ///< set: messages may be compressed so
};

/// Client half of the opening handshake. Always strict: refuses a 101 with a wrong accept value, or with a subprotocol or
/// extension it did not offer. Head at most 64 KiB. Fed whole, in pieces and byte by byte it behaves the same.
class ClientHandshake {
 public:
  /// std::invalid_argument: a line break in what goes into the request, or a header that the handshake itself writes.
  ClientHandshake(ClientHandshakeOptions options, std::string key);

  std::string request() const;

  /// Takes bytes; true when the answer is complete. `rest()` is then what followed the head (the first frames).
  /// Errors: handshake_invalid (not HTTP, wrong accept, ...), header_too_large. A refusal (status other than 101) is no
  /// error: look at answer().status. detail() says in one line what was wrong.
  Result<bool> feed(std::string_view bytes);
  /// The peer closed. Completes a refusal without content-length. Errors: connection_closed (no whole head came).
  Result<bool> finish();

  const HandshakeAnswer& answer() const noexcept { return answer_; }
  const std::string& rest() const noexcept { return rest_; }
  const std::string& detail() const noexcept { return detail_; }

 private:
  enum class Phase : std::uint8_t { head, body, done, failed };

  Result<bool> on_head();
  Result<bool> on_body();
  bool parse_head(std::string_view head);
  bool check_switch();
  bool check_subprotocol();
  bool check_extensions();
  bool wrong(std::string detail);
  tl::unexpected<std::error_code> fail(Errc why);

  ClientHandshakeOptions options_;
  std::string key_, buffer_, rest_, detail_;
  HandshakeAnswer answer_;
  std::size_t scanned_ = 0;  // bytes of buffer_ without the end of the head
  std::size_t heads_ = 0;    // bytes of interim answers (1xx) so far
  Phase phase_ = Phase::head;
};

}  // namespace phx::core::ws
