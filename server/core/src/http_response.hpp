#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <phx/server/conn.hpp>

namespace phx::server::detail {

/// How the body's end is told.
enum class Length : std::uint8_t { known, chunked, none };

struct ResponseStyle {
  bool close;      ///< says `connection: close`
  bool omit_body;  ///< HEAD
  bool vary;       ///< says `vary: accept-encoding`
  Length length = Length::known;
};

/// Head and body in bandit's order of headers: connection, date, content-length, vary, then those of the plugs (golden http_rest).
std::string response_text(const Conn& conn, std::string_view date, const ResponseStyle& style);

/// One chunk of a chunked answer; bytes: not empty.
std::string chunk_text(std::string_view bytes);

/// The 101 (golden connect/ok_v2): date, upgrade, connection, sec-websocket-accept, then those of the plugs.
std::string upgrade_text(const Conn& conn, std::string_view date, std::string_view accept);

/// The answer to a request beyond the limits: status line, `connection: close`, nothing else (golden long_uri, no_host).
std::string refusal_text(int status);

/// `100 Continue` with its date (golden expect_continue).
std::string continue_text(std::string_view date);

}  // namespace phx::server::detail
