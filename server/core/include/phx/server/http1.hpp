#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <phx/core/time.hpp>
#include <phx/server/conn.hpp>
#include <phx/server/observer.hpp>
#include <phx/server/outbox.hpp>
#include <phx/server/plug.hpp>
#include <phx/server/shard.hpp>

namespace phx::server {

/// Limits of a request. Above the first three: an empty answer with this status and the connection ends (golden long_uri,
/// long_header, many_headers); above the last: an error page.
struct HttpLimits {
  std::size_t request_line = 10'000;  ///< bytes, 414
  std::size_t header_line = 10'000;   ///< bytes, 431
  std::size_t header_count = 50;      ///< lines, 431
  std::size_t body = 8'000'000;       ///< bytes, 413
};

struct HttpOptions {
  HttpLimits limits;
  Duration head_timeout = std::chrono::seconds(15);        ///< from the first byte of a request to the end of its head: 408
  Duration keep_alive_timeout = std::chrono::seconds(60);  ///< silence between requests, and before the first
  Duration body_timeout = std::chrono::seconds(60);        ///< silence within a body: 408
  bool vary_accept_encoding = true;                        ///< every answer says so, as bandit's does
  bool compress = false;                                   ///< gzip for clients that accept it, as bandit's `compress`
  bool secure = false;                                     ///< requests come through TLS: their scheme is https
  ErrorViews errors = {};                                  ///< what error pages say
};

/// What all connections of an endpoint share; immutable after start.
struct HttpService {
  HttpOptions options;
  PlugChain plugs;
  std::size_t plugs_before_parsers = 0;     ///< so many of them see requests whose body is beyond the limit (sockets: server.md 1.1)
  Observer* observer = &silent_observer();  ///< borrowed; hears of exceptions that became an answer or a close
};

/// What all connections of a worker share.
struct HttpWorker {
  const HttpService& service;
  Shard& shard;
  std::string date;  ///< value of the date header; the shell renews it every second
};

/// One HTTP/1.1 connection without I/O: bytes in, plug chain, response bytes into the outbox. Keep-alive, pipelining (answers
/// in order, one request at a time), chunked bodies, Expect: 100-continue. Requests whose length two readers could take differently
/// (Content-Length twice or beside Transfer-Encoding, any coding but `chunked`) get 400 and the connection ends.
///
///   idle --byte--> head --> body --> answering --> idle ... | finished
///
/// Boost.Beast parses the grammar; the line limits are counted here because Beast has one limit for the whole head and golden
/// wants 414 and 431 told apart. Lives until the connection ends or upgrades.
class HttpCore {
 public:
  /// worker and outbox are borrowed for life.
  HttpCore(HttpWorker& worker, Outbox& outbox, Conn::Peer peer, Instant now);
  ~HttpCore();
  HttpCore(const HttpCore&) = delete;
  HttpCore& operator=(const HttpCore&) = delete;

  void feed(std::string_view bytes, Instant now);
  /// The peer has sent its last byte; what it asked is still answered.
  void finish_input();
  /// The endpoint is going away: the request in work is the last.
  void close_after_response();

  /// False while enough has been read that waits for an answer.
  bool wants_input() const noexcept;
  /// Nothing more will come: write the outbox, then close.
  bool finished() const noexcept { return state_ == State::finished; }

  std::optional<Instant> next_deadline() const noexcept { return deadline_; }
  void on_deadline(Instant now);

  /// Set once, when the 101 is in the outbox.
  std::unique_ptr<WebSocketUpgrade> take_upgrade() noexcept;
  /// What followed the head of the upgrade request.
  std::string take_rest() noexcept { return std::move(pending_); }

 private:
  enum class State : std::uint8_t { idle, head, body, answering, upgraded, finished };
  struct Parser;

  void pump(Instant now);
  bool scan_head();
  bool parse(Instant now);
  void on_head_done(Instant now);
  void on_request(Instant now);
  void run_chain(Conn conn, std::size_t first);
  void wait_for_answer(Conn conn, std::size_t next);
  void answer_error(Conn page, const std::exception_ptr& why);
  void respond(Conn conn);
  void respond_chunked(Conn conn);
  void upgrade(Conn conn);
  void refuse(int http_status);
  void finish();
  void write(std::string bytes);
  void next_request();

  HttpWorker& worker_;
  Outbox& outbox_;
  Conn::Peer peer_;
  std::unique_ptr<Parser> parser_;  // only while a request comes in
  std::shared_ptr<AnswerSlot> slot_;
  std::shared_ptr<ResponseStream::Slot> stream_;  // of the chunked answer that is being sent
  std::unique_ptr<WebSocketUpgrade> upgrade_;
  std::string pending_;  // received, not yet parsed
  std::string method_;
  std::string path_;  // of the request in work, for the observer
  std::string accept_encoding_;
  std::size_t scanned_ = 0;  // bytes of pending_ whose lines are counted
  std::size_t line_bytes_ = 0;
  std::size_t lines_ = 0;
  std::optional<Instant> deadline_;
  Instant now_;
  State state_ = State::idle;
  ErrorFormat error_format_ = ErrorFormat::html;
  bool keep_alive_ = true;
  bool head_request_ = false;
  bool chunks_ = true;  // the peer knows chunked answers
  bool input_ended_ = false;
  bool pumping_ = false;
};

}  // namespace phx::server
