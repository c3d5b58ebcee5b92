#pragma once

#include <any>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/core/time.hpp>
#include <phx/server/suspend.hpp>

namespace phx::core::etf {
class Term;
}

namespace phx::server {

class Answer;
class Observer;
class ResponseStream;
class Shard;
struct ErrorViews;
struct WebSocketUpgrade;

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// An exception that knows its HTTP status (server.md 12): thrown by plugs, rendered by the error page.
class HttpError : public std::runtime_error {
 public:
  HttpError(int http_status, const std::string& what) : std::runtime_error(what), status_(http_status) {}
  int status() const noexcept { return status_; }

 private:
  int status_;
};

/// Attributes of a cookie that is set (server.md 10.1). max_age: seconds; 0 deletes. secure: also without TLS.
struct CookieOptions {
  std::string path = "/";
  std::string domain = {};
  std::optional<std::int64_t> max_age = {};
  bool secure = false;
  bool http_only = true;
  std::string same_site = {};  ///< "Lax", "Strict", "None"
  std::string extra = {};      ///< appended as it is
};

/// A file of a multipart body. `name` is the whole field name (`user[avatar]`). Uploads are not among the params: JSON has no such value.
struct Upload {
  std::string name, filename, content_type, body;
};

/// What becomes of the session when the answer is sent: nothing, written, written under a new id, its cookie deleted, left as it is.
enum class SessionChange : std::uint8_t { none, write, renew, drop, ignore };

/// One HTTP request and the response that is being made for it: what plugs take and return. Moved along the chain, never copied.
struct Conn {
  struct Peer {
    std::string address;
    std::uint16_t port = 0;
  };

  Conn();
  ~Conn();
  Conn(Conn&&) noexcept;
  Conn& operator=(Conn&&) noexcept;

  // ---- request ----
  std::string method;  ///< as sent: "GET"
  std::string scheme = "http";
  std::string host;  ///< of the Host header, without port
  std::uint16_t port = 80;
  std::string path;                           ///< as sent, still percent-encoded
  std::vector<std::string> path_info;         ///< segments of path, encoded, empty ones dropped; behind `forward` only the rest
  std::vector<std::string> script_name = {};  ///< segments that forwards took away
  std::string query_string;
  HeaderList req_headers;  ///< names in lower case, in the order of arrival
  std::string body;        ///< whole, chunking removed
  /// The body is beyond the limit and not here. Only plugs that come before parsers see such a request
  /// (HttpService::plugs_before_parsers); left unanswered it gets 413.
  bool body_too_large = false;
  Peer peer;
  Shard* shard = nullptr;  ///< the worker this connection belongs to

  // ---- parameters: JSON objects (phx/core/json.hpp to look inside); filled by plug::parsers and the router ----
  Json& params();  ///< all merged: path over body over query
  const Json& params() const;
  Json& query_params();
  Json& body_params();
  Json& path_params();
  const Json& path_params() const;
  std::vector<Upload>& uploads();

  // ---- cookies ----
  /// Of the request; none: nullopt. Of equal names the first.
  std::optional<std::string> cookie(std::string_view name) const;
  /// Throws std::invalid_argument for a name, value or attribute that would not stay one cookie (CR, LF, `;`).
  void put_resp_cookie(std::string_view name, std::string_view value, CookieOptions options = {});
  /// With the path and domain that it was set with.
  void delete_resp_cookie(std::string_view name, CookieOptions options = {});

  // ---- session (plug::session, plug::fetch_session); all throw std::logic_error before fetch_session ----
  Json get_session() const;                      ///< the whole of it; parts without JSON form are left out
  Json get_session(std::string_view key) const;  ///< null: none
  void put_session(std::string_view key, const Json& value);
  void delete_session(std::string_view key);
  void clear_session();
  /// renew: a new id after login; drop: forget it, and its cookie; ignore: what was changed is not kept.
  void configure_session(SessionChange change);
  void fetch_session();
  bool session_fetched() const noexcept;

  // ---- what plugs tell each other ----
  std::map<std::string, std::any, std::less<>> assigns;
  std::string format;  ///< negotiated: "json"; empty: not yet. The error page has it too
  std::string route;   ///< pattern of the route that matched: "/items/:id"

  // ---- response ----
  int status = 0;           ///< 0: not answered yet
  HeaderList resp_headers;  ///< begins as Plug's default: cache-control
  std::string resp_body;
  std::string content_encoding;  ///< set by the connection when it compresses
  bool halted = false;           ///< later plugs are skipped
  /// Set by fail(): the connection answers with the error page, on the headers set so far.
  std::exception_ptr error;

  /// First value of a request header; name in lower case.
  std::optional<std::string_view> req_header(std::string_view name) const noexcept;
  /// Replaces the header, or appends it. Throws std::invalid_argument for a name that is no lower-case token or a value with CR, LF or
  /// NUL, as the next does.
  void put_resp_header(std::string_view name, std::string_view value);
  /// Puts the header before those set so far (where Phoenix puts content-type).
  void prepend_resp_header(std::string_view name, std::string_view value);
  /// The whole answer; halts.
  void send_resp(int http_status, std::string resp = {});
  std::optional<std::string_view> resp_header(std::string_view name) const noexcept;
  void delete_resp_header(std::string_view name);
  /// The head now, the body in pieces (chunked): `begin` gets the stream once the head is on its way. Halts.
  void send_chunked(int http_status, std::function<void(ResponseStream)> begin);
  /// Called in the opposite order of registration just before the head is written; may change status, headers and body.
  void register_before_send(std::function<void(Conn&)> hook);
  /// An exception is the answer. Halts.
  void fail(std::exception_ptr why);
  /// The answer comes later: `begin` gets the Conn and the right to answer it. Runs on the worker after this plug returned.
  void answer_later(std::function<void(Conn, Answer)> begin);
  /// The answer is a WebSocket session (set by the socket plug).
  void upgrade_to(std::unique_ptr<WebSocketUpgrade> upgrade);

  // ---- inside a controller's action ----
  /// auto row = co_await conn.blocking([&] { return db.find(id); }): f runs on the pool, the action goes on here. f must not touch the
  /// Conn. What f throws is thrown here.
  template <class F>
  detail::Blocking<Conn, F> blocking(F f) {
    return {*this, std::move(f)};
  }
  /// co_await conn.sleep(300ms)
  detail::Sleep<Conn> sleep(Duration time) { return {*this, time}; }

  // ---- for the machinery ----
  Observer* observer = nullptr;                      ///< who hears of this request; null: nobody
  const ErrorViews* error_views = nullptr;           ///< the endpoint's; null: those of a generated application
  Instant dispatched{};                              ///< when the router took it
  std::function<void(Conn, Answer)> later;           ///< set by answer_later
  std::unique_ptr<WebSocketUpgrade> upgrade;         ///< set by upgrade_to
  std::function<void(ResponseStream)> begin_chunks;  ///< set by send_chunked
  /// Runs the hooks and turns cookies into headers; the connection does it.
  void before_send();
  /// What an error page keeps of this Conn: headers and cookies set so far, session, flash, format, route, hooks.
  Conn for_error_page() const;
  /// The session store of plug::session: how to read it now.
  void set_session_reader(std::function<core::etf::Term(const Conn&)> read);
  const core::etf::Term& session_term() const;
  SessionChange session_change() const noexcept;
  /// Who keeps this Conn alive while its action is suspended.
  void set_owner(std::weak_ptr<void> owner);

  /// plug::protect_from_forgery lets this request pass.
  void skip_csrf_protection();
  bool csrf_protection_skipped() const noexcept;

  // ---- for tests (server.md 16) ----
  /// An object: what fetch_session finds over what the cookie holds. Ahead of plug::fetch_session.
  void init_test_session(const Json& values);
  /// The router matches, then runs the pipelines named (none named: those of the route), and ends ahead of the action.
  struct Bypass {
    std::optional<std::vector<std::string>> pipelines = {};
  };
  void bypass_through(Bypass bypass);
  const Bypass* bypass() const noexcept;  ///< null: none

 private:
  template <class Host, class F>
  friend class detail::Blocking;
  template <class Host>
  friend class detail::Sleep;
  struct State;
  State& state();
  const State& state() const noexcept;
  void run_blocking(std::function<void()> work, std::coroutine_handle<> then);
  void resume_after(Duration time, std::coroutine_handle<> then);
  std::unique_ptr<State> state_;  // made when first needed: sockets and plain answers do without
};

/// Plug's reason phrases (server.md 12); "Unknown" for a status nobody named.
std::string_view reason_phrase(int http_status) noexcept;

/// what() of an exception, for the log.
std::string describe(const std::exception_ptr& why);

enum class ErrorFormat : std::uint8_t { html, json };

/// The body of an error page. conn: what is left of the request (method, path, session, flash) with the status and content type that
/// the answer will have; both may be changed. May throw: then the page is that of a generated application.
using ErrorView = std::function<std::string(Conn& conn, int http_status)>;

/// An endpoint's `render_errors` (server.md 12). Called on all workers.
struct ErrorViews {
  std::vector<ErrorFormat> formats = {ErrorFormat::html, ErrorFormat::json};  ///< the first is for clients that ask for nothing listed
  ErrorView html = {};                                                        ///< unset: the reason phrase
  ErrorView json = {};                                                        ///< unset: `{"errors":{"detail":"Not Found"}}`
};

/// Format of an error page (server.md 12): `_format`, then accept, against the endpoint's formats; the first when nothing fits.
ErrorFormat error_format(const Conn& conn);

/// Fills in the error page of a status by the endpoint's views.
void render_error(Conn& conn, int http_status, ErrorFormat format);

}  // namespace phx::server
