#pragma once

#include <system_error>

#include <tl/expected.hpp>

namespace phx {

/// Why something failed. Every value has a one-line message; context (close code, HTTP status, offset) rides beside the
/// code in a struct, never inside the text. Append only: the numbers are part of the C ABI.
enum class Errc {
  bad_envelope = 1,     ///< not a Phoenix message: shape, types or JSON
  bad_json,             ///< a payload is not JSON (grammar, UTF-8, depth, number out of range)
  field_too_long,       ///< a binary frame field over 255 bytes
  binary_unsupported,   ///< bytes where the serializer has only text (V1)
  frame_too_large,      ///< WebSocket frame above the limit
  message_too_large,    ///< WebSocket message above the limit, or too many fragments
  protocol_error,       ///< WebSocket protocol violation by the peer
  invalid_utf8,         ///< text frame or close reason that is not UTF-8
  handshake_refused,    ///< HTTP answer other than 101
  handshake_invalid,    ///< 101 with a wrong accept value, subprotocol or extension; or no HTTP at all
  header_too_large,     ///< HTTP head above the limits
  bad_request,          ///< malformed HTTP
  connection_closed,    ///< the peer closed, or the connection was lost
  connect_timeout,      ///< no connection within the time limit
  join_timeout,         ///< no answer to phx_join
  push_timeout,         ///< no reply to a push
  heartbeat_timeout,    ///< no answer to a heartbeat
  channel_closed,       ///< the channel has closed or was left
  queue_full,           ///< a bounded queue has no room
  unauthorized,         ///< refused for good: credentials
  cancelled,            ///< the caller cancelled the operation
  bad_url,              ///< not a URL this transport can use
  bad_deflate,          ///< a compressed WebSocket message that cannot be inflated
  tls_failed,           ///< no secure connection: certificate, keys, versions; or it broke
  proxy_failed,         ///< the proxy refused, does not speak its protocol, or cannot be used
  credentials_timeout,  ///< the credential provider did not answer within its time limit
  gave_up,              ///< no further attempt: a limit or a rule of the reconnect policy
};

std::error_code make_error_code(Errc) noexcept;  // category "phx"

/// A failure is a code, a refusal is data, a bug is an exception. Becomes std::expected with C++23.
template <class T>
using Result = tl::expected<T, std::error_code>;

inline tl::unexpected<std::error_code> failure(Errc e) { return tl::unexpected(make_error_code(e)); }

}  // namespace phx

template <>
struct std::is_error_code_enum<phx::Errc> : std::true_type {};
