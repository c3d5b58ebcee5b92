#include <phx/core/message_verifier.hpp>

#include <stdexcept>

#include <phx/core/base64.hpp>

#include "primitives.hpp"

namespace phx::core {
namespace {

/// base64url of "HS256", "HS384", "HS512": not the JSON header of a JWT.
std::string_view header(Digest digest) {
  switch (digest) {
    case Digest::sha256: return "SFMyNTY";
    case Digest::sha384: return "SFMzODQ";
    case Digest::sha512: return "SFM1MTI";
    case Digest::sha1: break;
  }
  throw std::invalid_argument("messages are signed with SHA-2");
}

std::optional<Digest> digest_of(std::string_view head) {
  for (const Digest digest : {Digest::sha256, Digest::sha384, Digest::sha512}) {
    if (head == header(digest)) return digest;
  }
  return std::nullopt;
}

}  // namespace

std::string sign_message(std::string_view message, std::string_view key, Digest digest) {
  std::string out = std::string(header(digest)) + "." + base64url_encode(message);
  const std::string mac = crypto::hmac(digest, key, out);
  return out + "." + base64url_encode(mac);
}

std::optional<std::string> verify_message(std::string_view signed_message, std::string_view key) {
  const auto first = signed_message.find('.');
  const auto last = signed_message.rfind('.');
  if (first == last || signed_message.find('.', first + 1) != last) return std::nullopt;
  const auto digest = digest_of(signed_message.substr(0, first));
  if (!digest) return std::nullopt;
  auto message = base64url_decode(signed_message.substr(first + 1, last - first - 1));
  const auto mac = base64url_decode(signed_message.substr(last + 1));
  if (!message || !mac || !crypto::equal(*mac, crypto::hmac(*digest, key, signed_message.substr(0, last)))) return std::nullopt;
  return message;
}

}  // namespace phx::core
