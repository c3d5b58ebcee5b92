#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace phx::core {

/// Whether text must be filled up to a multiple of four with '='. Where it need not be, it still may be: all of it or none.
enum class Padding { required, optional };

/// RFC 4648 section 4, with padding. For the WebSocket handshake, auth tokens in a subprotocol, long-poll bodies.
std::string base64_encode(std::string_view bytes);
/// nullopt: a foreign character, white space or wrong padding. As Elixir's Base.decode64, left-over bits of the last
/// character need not be zero.
std::optional<std::string> base64_decode(std::string_view text, Padding padding = Padding::required);

/// RFC 4648 section 5 ('-' and '_'), without padding. For tokens, cookies, CSRF.
std::string base64url_encode(std::string_view bytes);
/// As base64_decode; golden verify_padded: the reference takes padded parts too.
std::optional<std::string> base64url_decode(std::string_view text, Padding padding = Padding::optional);

}  // namespace phx::core
