#include <string>

#include <phx/core/random.hpp>
#include <phx/server/plugs.hpp>
#include <phx/server/signed_cookies.hpp>

#include "http_time.hpp"

namespace phx::server {

namespace {

std::string salt_of(std::string_view name) { return std::string(name) + "_cookie"; }

core::TokenOptions token_options(const CookieOptions& cookie) {
  core::TokenOptions out;
  if (cookie.max_age) out.max_age = *cookie.max_age;
  return out;
}

}  // namespace

void put_signed_cookie(Conn& conn, const core::KeyGenerator& keys, std::string_view name, const core::etf::Term& value,
                       CookieOptions options) {
  const auto token = core::sign_token(keys, salt_of(name), value, detail::wall_now(), token_options(options));
  conn.put_resp_cookie(name, token, std::move(options));
}

void put_encrypted_cookie(Conn& conn, const core::KeyGenerator& keys, std::string_view name, const core::etf::Term& value,
                          CookieOptions options) {
  core::SystemRandom random;
  const auto token = core::encrypt_token(keys, salt_of(name), value, detail::wall_now(), random, token_options(options));
  conn.put_resp_cookie(name, token, std::move(options));
}

std::optional<core::etf::Term> signed_cookie(const Conn& conn, const core::KeyGenerator& keys, std::string_view name,
                                             core::MaxAge max_age) {
  const auto cookie = conn.cookie(name);
  if (!cookie) return std::nullopt;
  auto term = core::verify_token(keys, salt_of(name), *cookie, detail::wall_now(), {.max_age = max_age});
  return term ? std::optional(std::move(*term)) : std::nullopt;
}

std::optional<core::etf::Term> encrypted_cookie(const Conn& conn, const core::KeyGenerator& keys, std::string_view name,
                                                core::MaxAge max_age) {
  const auto cookie = conn.cookie(name);
  if (!cookie) return std::nullopt;
  auto term = core::decrypt_token(keys, salt_of(name), *cookie, detail::wall_now(), {.max_age = max_age});
  return term ? std::optional(std::move(*term)) : std::nullopt;
}

}  // namespace phx::server

namespace phx::server::plug {

Plug session(KeysPtr keys, SessionOptions options) {
  if (!keys) throw std::invalid_argument("plug::session: no keys");
  if (options.key.empty()) throw std::invalid_argument("plug::session: no name for the cookie");
  struct Store {
    KeysPtr keys;  // the cookie borrows them
    std::string key;
    CookieOptions attributes;
    core::SessionCookie cookie;
  };
  const auto store = std::make_shared<const Store>(
      Store{keys, options.key, options.cookie,
            core::SessionCookie(*keys, std::move(options.secrets), std::move(options.older), std::move(options.serializer))});
  return [store](Conn conn) {
    conn.set_session_reader([store](const Conn& request) { return store->cookie.decode(request.cookie(store->key).value_or("")); });
    conn.register_before_send([store](Conn& answer) {
      switch (answer.session_change()) {
        case SessionChange::none:
        case SessionChange::ignore: return;
        case SessionChange::drop:
          if (answer.cookie(store->key)) answer.delete_resp_cookie(store->key, store->attributes);
          return;
        case SessionChange::write:
        case SessionChange::renew: break;
      }
      core::SystemRandom random;
      answer.put_resp_cookie(store->key, store->cookie.encode(answer.session_term(), random), store->attributes);
    });
    return conn;
  };
}

Plug fetch_session() {
  return [](Conn conn) {
    conn.fetch_session();
    return conn;
  };
}

}  // namespace phx::server::plug
