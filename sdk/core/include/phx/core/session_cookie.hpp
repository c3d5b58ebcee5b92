#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/etf.hpp>
#include <phx/core/key_generator.hpp>
#include <phx/core/random.hpp>

namespace phx::core {

/// How a session becomes bytes. decode: nullopt for bytes that are no session.
struct SessionSerializer {
  std::function<std::string(const etf::Term&)> encode;
  std::function<std::optional<etf::Term>(std::string_view)> decode;
};
SessionSerializer etf_session_serializer(etf::Dialect dialect = etf::Dialect::otp26);
/// For sessions of strings, numbers, booleans, null, lists and maps; encode throws std::invalid_argument for others.
SessionSerializer json_session_serializer();

struct SessionSecrets {
  std::string signing_salt;
  std::string encryption_salt = {};  ///< empty: the cookie is signed, its content readable
  KeyOptions key = {};
};

/// The value of a Plug session cookie. The session is a map, usually with string keys. spec server.md 10.1.
class SessionCookie {
 public:
  static constexpr std::size_t max_cookie_bytes = 4096;  ///< a header line above is an error 500 in Plug

  /// keys: borrowed; at least 64 bytes of secret_key_base, else std::invalid_argument. older: tried in turn for reading.
  SessionCookie(const KeyGenerator& keys, SessionSecrets secrets, std::vector<SessionSecrets> older = {},
                SessionSerializer serializer = etf_session_serializer());

  std::string encode(const etf::Term& session, RandomSource& random) const;
  /// An empty map for anything that was not made with these secrets.
  etf::Term decode(std::string_view cookie) const;

 private:
  std::optional<std::string> open(std::string_view cookie, const SessionSecrets& secrets) const;

  const KeyGenerator& keys_;
  SessionSecrets secrets_;
  std::vector<SessionSecrets> older_;
  SessionSerializer serializer_;
};

}  // namespace phx::core
