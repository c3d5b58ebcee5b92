#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/session_cookie.hpp>
#include <phx/core/token.hpp>
#include <phx/server/plug.hpp>

/// The plugs of a Phoenix application. The usual endpoint (server.md 11.1):
///
///   options.plugs = {plug::static_files(...), plug::request_id(), plug::telemetry(), plug::parsers(),
///                    plug::method_override(), plug::head(), plug::session(keys, {...}), router.plug()};
///
/// Each throws std::invalid_argument at construction for options that can not work.
namespace phx::server::plug {

using KeysPtr = std::shared_ptr<const core::KeyGenerator>;

/// Formats in order of preference: "json", "html", "text", "xml", or a MIME type. Sets conn.format; 406 when nothing fits (server.md 11.4).
Plug accepts(std::vector<std::string> formats);

struct ParserOptions {
  std::size_t length = 8'000'000;  ///< bytes of a JSON or multipart body: 413. HttpLimits::body has to be as large
  std::size_t urlencoded_length = 1'000'000;
  std::size_t query_length = 1'000'000;     ///< 414
  std::size_t json_depth = 1'000;           ///< open arrays and objects: 400
  std::size_t multipart_parts = 1'000;      ///< 400
  std::vector<std::string> pass = {"*/*"};  ///< other types that go through unparsed: exact or `type/*`; else 415
};
/// Query and body into conn.params(): JSON, urlencoded, multipart (server.md 11.2).
Plug parsers(ParserOptions options = {});

/// POST with a body param `_method` of PUT, PATCH or DELETE becomes that.
Plug method_override();
/// HEAD becomes GET; the connection leaves the body out.
Plug head();

/// A header of 20 to 200 bytes is kept, else one of 20 characters is made; goes into the answer and assigns["request_id"].
Plug request_id(std::string header = "x-request-id");

/// Tells the endpoint's observer when a request comes here, and when its answer, an error page included, is about to be sent.
Plug telemetry();

struct SessionOptions {
  std::string key;                               ///< name of the cookie
  core::SessionSecrets secrets;                  ///< signing_salt; with encryption_salt nobody can read it
  std::vector<core::SessionSecrets> older = {};  ///< for reading
  CookieOptions cookie = {};
  core::SessionSerializer serializer = core::etf_session_serializer();
};
/// The cookie store (server.md 10.1). The cookie is written when the session has changed. keys: of 64 bytes and more.
Plug session(KeysPtr keys, SessionOptions options);
Plug fetch_session();

/// Messages of the last request, kept over redirects (flash.hpp). After fetch_session.
Plug fetch_flash();

struct ForgeryOptions {
  bool clear_session = false;                 ///< go on without the session instead of 403
  KeysPtr keys = nullptr;                     ///< set: tokens bound to a host are taken too
  std::vector<std::string> allow_hosts = {};  ///< for those: exact, or an ending that begins with a dot
};
/// 403 for a POST, PUT, PATCH, DELETE without the session's token as body param `_csrf_token` or header x-csrf-token (server.md 10.2).
Plug protect_from_forgery(ForgeryOptions options = {});
/// For forms and meta tags: masked anew by each call. Needs the session.
std::string get_csrf_token(Conn& conn);
/// The next get_csrf_token makes another state.
void delete_csrf_token(Conn& conn);

/// server.md 10.3: only headers that are not there yet; `headers` come over the defaults.
Plug put_secure_browser_headers(HeaderList headers = {});

struct CorsOptions {
  std::vector<std::string> origins;  ///< exact: "https://app.example"; `*` alone: all
  std::vector<std::string> methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  std::vector<std::string> headers = {"accept", "authorization", "content-type", "x-csrf-token"};
  std::vector<std::string> expose = {};
  bool credentials = false;    ///< not with `*`
  std::int64_t max_age = 600;  ///< seconds
};
/// Answers preflights (204; 403 for an origin, method or header that is not listed) and marks the answers to listed origins. Put it ahead
/// of the router, which knows no OPTIONS.
Plug cors(CorsOptions options);

struct AuthOptions {
  std::string salt;
  core::MaxAge max_age = core::default_max_age_seconds;
  std::string assign = "user";                 ///< the token's data, as Json
  std::string challenge = {};                  ///< value of www-authenticate; empty: none
  std::function<core::UnixTime()> clock = {};  ///< unset: the system's
};
/// `authorization: Bearer <Phoenix.Token>` or 401.
Plug require_auth(KeysPtr keys, AuthOptions options);

struct RateLimitOptions {
  std::size_t burst = 60;  ///< requests at once
  double per_second = 1;
  std::function<std::string(const Conn&)> key = {};  ///< whose bucket; unset: the peer's address
  std::size_t max_keys = 100'000;                    ///< buckets kept; beyond it those that are full go first, then any
};
/// A token bucket per key, shared by all workers: 429 with retry-after in seconds.
Plug rate_limit(RateLimitOptions options = {});

/// The param has to be there (400); texts of blanks below it become null.
Plug scrub_params(std::string required_key);

/// JSON answers to requests with this query param become a call of the function that it names (Phoenix's allow_jsonp). A name with other
/// characters than letters, digits and `_` is a failure: 500.
Plug allow_jsonp(std::string callback = "callback");

struct StaticOptions {
  std::string at = "/";
  std::filesystem::path from;
  std::vector<std::string> only = {};  ///< first segments that are looked up; empty: all
  std::string cache_control = "public";
  std::size_t max_bytes = 64 << 20;  ///< larger files are not served
};
/// GET and HEAD of files below a folder, with etag, last-modified, 304 and single ranges. What leads out of the folder is refused (400),
/// names that begin with a dot do not exist. Files are read on the pool. No file: the next plug.
Plug static_files(StaticOptions options);

/// A weak etag made from the body of each 200 to a GET, and 304 for who has it.
Plug etag();

}  // namespace phx::server::plug
