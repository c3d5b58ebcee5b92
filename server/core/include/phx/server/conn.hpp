#pragma once

#include <any>
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

namespace phx::server {

class Answer;
class Shard;
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
  std::string path;                    ///< as sent, still percent-encoded
  std::vector<std::string> path_info;  ///< segments of path, encoded, empty ones dropped
  std::string query_string;
  HeaderList req_headers;  ///< names in lower case, in the order of arrival
  std::string body;        ///< whole, chunking removed
  /// The body is beyond the limit and not here. Only plugs that come before parsers see such a request
  /// (HttpService::plugs_before_parsers); left unanswered it gets 413.
  bool body_too_large = false;
  Peer peer;
  Shard* shard = nullptr;  ///< the worker this connection belongs to

  // ---- what plugs tell each other ----
  std::map<std::string, std::any, std::less<>> assigns;

  // ---- response ----
  int status = 0;           ///< 0: not answered yet
  HeaderList resp_headers;  ///< begins as Plug's default: cache-control
  std::string resp_body;
  bool halted = false;  ///< later plugs are skipped

  /// First value of a request header; name in lower case.
  std::optional<std::string_view> req_header(std::string_view name) const noexcept;
  /// Replaces the header, or appends it.
  void put_resp_header(std::string_view name, std::string_view value);
  /// Puts the header before those set so far (where Phoenix puts content-type).
  void prepend_resp_header(std::string_view name, std::string_view value);
  /// The whole answer; halts.
  void send_resp(int http_status, std::string resp = {});
  /// The answer comes later: `begin` gets the Conn and the right to answer it. Runs on the worker after this plug returned.
  void answer_later(std::function<void(Conn, Answer)> begin);
  /// The answer is a WebSocket session (set by the socket plug).
  void upgrade_to(std::unique_ptr<WebSocketUpgrade> upgrade);

  std::function<void(Conn, Answer)> later;    ///< set by answer_later
  std::unique_ptr<WebSocketUpgrade> upgrade;  ///< set by upgrade_to
};

/// Plug's reason phrases (server.md 12); "Unknown" for a status nobody named.
std::string_view reason_phrase(int http_status) noexcept;

/// what() of an exception, for the log.
std::string describe(const std::exception_ptr& why);

enum class ErrorFormat : std::uint8_t { html, json };

/// Format of an error page (server.md 12): `_format`, then accept, against html and json; html when nothing fits.
ErrorFormat error_format(const Conn& conn);

/// Fills in the error page of a status: `{"errors":{"detail":"Not Found"}}` or the phrase as html.
void render_error(Conn& conn, int http_status, ErrorFormat format);

}  // namespace phx::server
