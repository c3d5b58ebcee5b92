#pragma once

#include <optional>
#include <string_view>

#include <phx/core/etf.hpp>
#include <phx/core/token.hpp>
#include <phx/server/conn.hpp>

/// Cookies of Plug's `sign: true` and `encrypt: true`: time-stamped tokens under the salt `<name>_cookie`.
namespace phx::server {

void put_signed_cookie(Conn& conn, const core::KeyGenerator& keys, std::string_view name, const core::etf::Term& value,
                       CookieOptions options = {});
void put_encrypted_cookie(Conn& conn, const core::KeyGenerator& keys, std::string_view name, const core::etf::Term& value,
                          CookieOptions options = {});

/// nullopt: none, or not ours, or too old.
std::optional<core::etf::Term> signed_cookie(const Conn& conn, const core::KeyGenerator& keys, std::string_view name,
                                             core::MaxAge max_age = core::default_max_age_seconds);
std::optional<core::etf::Term> encrypted_cookie(const Conn& conn, const core::KeyGenerator& keys, std::string_view name,
                                                core::MaxAge max_age = core::default_max_age_seconds);

}  // namespace phx::server
