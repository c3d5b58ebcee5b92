#pragma once

#include <string>
#include <string_view>
#include <system_error>

/// What a person can do about a connection that did not come about: for `phx doctor`, and behind the one line of all other commands.
namespace phx::cli::remedies {

inline constexpr std::string_view name = "check the spelling of the host, and the name servers of this machine";
inline constexpr std::string_view tcp = "is the server running, the port right, the firewall open?";
inline constexpr std::string_view tls =
    "install the whole chain on the server; name a private authority with --ca-file; use ws:// if it speaks no TLS";
inline constexpr std::string_view proxy = "check --proxy, its user and password, and what it allows";
inline constexpr std::string_view no_websocket =
    "something else than a Phoenix server listens there: check the port; wss:// if it expects TLS";

/// Of an answer other than 101.
std::string_view of_status(int status);
/// Of an attempt that failed with `code`, or with an HTTP status other than 0; empty: the code says all there is to say.
std::string_view of(std::error_code code, int http_status);
/// The line for people: what happened, and what to do about it.
std::string line(const std::string& message, std::error_code code, int http_status);

}  // namespace phx::cli::remedies
