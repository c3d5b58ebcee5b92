#include <phx/server/http1.hpp>

#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <phx/server/socket_mount.hpp>

#include "http_gzip.hpp"
#include "http_head.hpp"
#include "http_observed.hpp"
#include "http_response.hpp"

namespace phx::server {

namespace http = boost::beast::http;

namespace {
/// Enough for the line of a chunk header or trailers; a request of a pipeline is larger only by its own limits.
constexpr std::size_t max_unparsed = 64 * 1024;

int status_of(const std::exception_ptr& why) {
  try {
    std::rethrow_exception(why);
  } catch (const HttpError& e) { return e.status(); } catch (...) {
    return 500;
  }
}
}  // namespace

/// Beast's request grammar writing straight into a Conn.
struct HttpCore::Parser final : http::basic_parser<true> {
  explicit Parser(const HttpLimits& limits) : max_body(limits.body) {
    eager(true);
    body_limit(boost::none);  // on_body_init_impl and append() look after it
    header_limit(static_cast<std::uint32_t>(limits.request_line + (limits.header_line + 2) * (limits.header_count + 1)));
  }

  Conn conn;
  std::size_t max_body;
  int version = 11;

 private:
  using Text = boost::beast::string_view;
  using Error = boost::beast::error_code;

  void on_request_impl(http::verb, Text method, Text target, int http_version, Error&) override {
    conn.method = method;
    detail::read_target({target.data(), target.size()}, conn);
    version = http_version;
  }
  void on_response_impl(int, Text, int, Error&) override {}
  void on_field_impl(http::field, Text name, Text value, Error&) override {
    conn.req_headers.emplace_back(detail::lower_case({name.data(), name.size()}), std::string(value));
  }
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Error& ec) override {
    if (length && *length > max_body) ec = http::error::body_limit;
  }
  std::size_t on_body_impl(Text data, Error& ec) override { return append(data, ec); }
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text data, Error& ec) override { return append(data, ec); }
  void on_finish_impl(Error&) override {}

  std::size_t append(Text data, Error& ec) {
    if (conn.body.size() + data.size() > max_body) {
      ec = http::error::body_limit;
      return 0;
    }
    conn.body.append(data.data(), data.size());
    return data.size();
  }
};

HttpCore::HttpCore(HttpWorker& worker, Outbox& outbox, Conn::Peer peer, Instant now)
    : worker_(worker), outbox_(outbox), peer_(std::move(peer)), now_(now) {
  deadline_ = now + worker_.service.options.keep_alive_timeout;
}

HttpCore::~HttpCore() {
  if (slot_) slot_->resume = nullptr;
  if (stream_) *stream_ = {};
}

bool HttpCore::wants_input() const noexcept {
  const bool waits = state_ == State::answering || throttled_;
  return state_ != State::finished && state_ != State::upgraded && !(waits && pending_.size() > max_unparsed);
}

std::unique_ptr<WebSocketUpgrade> HttpCore::take_upgrade() noexcept { return std::move(upgrade_); }

void HttpCore::feed(std::string_view bytes, Instant now) {
  if (state_ == State::finished) return;
  pending_.append(bytes);
  pump(now);
}

void HttpCore::finish_input() {
  input_ended_ = true;
  keep_alive_ = false;
  if (state_ != State::answering && state_ != State::upgraded) finish();
}

void HttpCore::close_after_response() {
  if (state_ == State::idle) return finish();
  input_ended_ = true;
}

void HttpCore::on_deadline(Instant now) {
  if (!deadline_ || now < *deadline_) return;
  if (state_ != State::idle) return refuse(408);
  if (outbox_.empty() || outbox_.bytes() == std::exchange(unread_, outbox_.bytes())) return finish();
  deadline_ = now + worker_.service.options.keep_alive_timeout;  // the peer is still reading its answer
}

void HttpCore::go_on(Instant now) {
  if (!can_go_on()) return;
  throttled_ = false;
  pump(now);
}

void HttpCore::pump(Instant now) {
  if (pumping_) return;  // a plug answered in place: the loop below goes on
  pumping_ = true;
  now_ = now;
  while (!pending_.empty() && (state_ == State::idle || state_ == State::head || state_ == State::body)) {
    if (state_ == State::idle) {
      throttled_ = is_full();
      if (throttled_) break;
      pending_.erase(0, std::min(pending_.find_first_not_of("\r\n"), pending_.size()));  // RFC 9112 2.2
      if (pending_.empty()) break;
      parser_ = std::make_unique<Parser>(worker_.service.options.limits);
      state_ = State::head;
      deadline_ = now + worker_.service.options.head_timeout;
    }
    if ((state_ == State::head && !scan_head()) || !parse(now)) break;
  }
  pumping_ = false;
}

/// Counts lines and their bytes up to the end of the head. False: over a limit and refused.
bool HttpCore::scan_head() {
  const auto& limits = worker_.service.options.limits;
  for (; scanned_ < pending_.size(); ++scanned_) {
    const char c = pending_[scanned_];
    if (c == '\r') continue;
    if (c != '\n') {
      if (++line_bytes_ <= (lines_ == 0 ? limits.request_line : limits.header_line)) continue;
      refuse(lines_ == 0 ? 414 : 431);
      return false;
    }
    if (line_bytes_ == 0) break;
    line_bytes_ = 0;
    if (++lines_ > limits.header_count + 1) {
      refuse(431);
      return false;
    }
  }
  return true;
}

/// One step of the parser. False: wait for more bytes, or the connection is over.
bool HttpCore::parse(Instant now) {
  boost::beast::error_code ec;
  const auto used = parser_->put(boost::asio::buffer(pending_), ec);
  pending_.erase(0, used);
  scanned_ -= std::min(scanned_, used);
  if (state_ == State::head && parser_->is_header_done()) on_head_done(now);
  if (state_ == State::finished) return false;
  if (ec == http::error::body_limit) {
    keep_alive_ = false;
    parser_->conn.body = {};
    parser_->conn.body_too_large = true;
    on_request(now);
    return false;
  }
  const bool stuck = state_ == State::body && pending_.size() > max_unparsed && used == 0;
  if ((ec && ec != http::error::need_more) || stuck) {
    refuse(400);
    return false;
  }
  if (parser_->is_done()) {
    on_request(now);
    return true;
  }
  if (state_ == State::body) await_body(now);
  return !ec && used > 0;
}

/// Silence ends a body, and so does a trickle.
void HttpCore::await_body(Instant now) {
  const auto& options = worker_.service.options;
  deadline_ = now + options.body_timeout;
  if (options.body_min_rate == 0) return;
  const std::chrono::seconds earned{parser_->conn.body.size() / options.body_min_rate};
  deadline_ = std::min(*deadline_, body_began_ + options.body_timeout + earned);
}

void HttpCore::on_head_done(Instant now) {
  auto& conn = parser_->conn;
  const bool old = parser_->version < 11;
  keep_alive_ = !old && !input_ended_ && !detail::has_token(conn.req_header("connection").value_or(""), "close");
  head_request_ = conn.method == "HEAD";
  chunks_ = !old;
  accept_encoding_ = conn.req_header("accept-encoding").value_or("");
  conn.error_views = &worker_.service.options.errors;
  error_format_ = error_format(conn);
  method_ = conn.method;
  path_ = conn.path;
  const auto host = conn.req_header("host");
  if ((!host && !old) || !detail::framing_is_sound(conn.req_headers, old)) return refuse(400);
  if (worker_.service.options.secure) {
    conn.scheme = "https";
    if (conn.host.empty()) conn.port = 443;
  }
  if (conn.host.empty()) detail::read_authority(host.value_or(""), conn);
  conn.peer = peer_;
  conn.shard = &worker_.shard;
  conn.observer = worker_.service.observer;
  state_ = State::body;
  body_began_ = now;
  await_body(now);
  const auto expect = conn.req_header("expect");
  if (expect && detail::lower_case(*expect) == "100-continue" && !parser_->is_done() && conn.body.empty())
    write(detail::continue_text(worker_.date));
}

void HttpCore::on_request(Instant now) {
  auto conn = std::move(parser_->conn);
  parser_.reset();
  state_ = State::answering;
  deadline_.reset();
  now_ = now;
  run_chain(std::move(conn), 0);
}

void HttpCore::run_chain(Conn conn, std::size_t first) {
  const Shard::Entered entered(worker_.shard);  // what plugs broadcast reaches this worker's members at once
  std::size_t next = 0;
  try {
    const bool cut = conn.body_too_large;
    next = run_plugs(worker_.service.plugs, first, conn, cut ? worker_.service.plugs_before_parsers : SIZE_MAX);
    if (cut && conn.status == 0 && !conn.later) throw HttpError(413, "request body beyond the limit");
  } catch (...) {
    return answer_error({}, std::current_exception());  // headers set before the failure are missing, as with Phoenix (server.md 12)
  }
  if (conn.error) return answer_error(conn.for_error_page(), conn.error);
  if (conn.later && !conn.halted) return wait_for_answer(std::move(conn), next);
  if (conn.upgrade) return upgrade(std::move(conn));
  if (conn.status == 0) render_error(conn, 404, error_format_);
  respond(std::move(conn));
}

void HttpCore::wait_for_answer(Conn conn, std::size_t next) {
  slot_ = std::make_shared<AnswerSlot>();
  slot_->resume = [this, next](Conn answered) {
    run_chain(std::move(answered), next);
    pump(worker_.shard.now());
  };
  const auto slot = slot_;  // `begin` may answer in place and so replace slot_
  const auto begin = std::exchange(conn.later, nullptr);
  try {
    begin(std::move(conn), Answer(slot));
  } catch (...) {
    if (std::exchange(slot->resume, nullptr)) answer_error({}, std::current_exception());
  }
}

void HttpCore::answer_error(Conn page, const std::exception_ptr& why) {
  const int http_status = status_of(why);
  const auto reason = describe(why);
  worker_.service.observer->log({http_status < 500 ? Level::debug : Level::error, "request failed", path_, reason});
  const auto started = detail::observed_now(worker_.shard, *worker_.service.observer);
  if (page.method.empty()) page.method = method_, page.path = path_;
  page.error_views = &worker_.service.options.errors;
  render_error(page, http_status, page.format.empty() ? error_format_ : error_format(page));
  worker_.service.observer->error_rendered({.method = method_,
                                            .path = path_,
                                            .status = http_status,
                                            .reason = reason,
                                            .duration = detail::observed_now(worker_.shard, *worker_.service.observer) - started});
  page.error = why;  // for its hooks
  respond(std::move(page));
}

void HttpCore::respond(Conn conn) {
  try {
    conn.before_send();
  } catch (...) { return answer_error({}, std::current_exception()); }  // that page has no hooks
  if (conn.begin_chunks) return respond_chunked(std::move(conn));
  if (worker_.service.options.compress) detail::compress_response(conn, accept_encoding_);
  const bool close = !keep_alive_ || input_ended_;
  auto whole = detail::response_text(conn, worker_.date,
                                     {.close = close, .omit_body = head_request_, .vary = worker_.service.options.vary_accept_encoding});
  answer_bytes_ = whole.size();
  write(std::move(whole));
  close ? finish() : next_request();
}

/// A peer of HTTP/1.0 gets the body up to the end of the connection.
void HttpCore::respond_chunked(Conn conn) {
  if (!chunks_) keep_alive_ = false;
  answer_bytes_ = 0;
  write(detail::response_text(conn, worker_.date,
                              {.close = !keep_alive_ || input_ended_,
                               .omit_body = true,
                               .vary = worker_.service.options.vary_accept_encoding,
                               .length = chunks_ ? detail::Length::chunked : detail::Length::none}));
  stream_ = std::make_shared<ResponseStream::Slot>();
  if (!head_request_)
    stream_->write = [this](std::string_view bytes) {
      if (!bytes.empty()) write(chunks_ ? detail::chunk_text(bytes) : std::string(bytes));
      return true;
    };
  stream_->end = [this] {
    if (!head_request_ && chunks_) write("0\r\n\r\n");
    !keep_alive_ || input_ended_ ? finish() : next_request();
    pump(worker_.shard.now());
  };
  const auto stream = stream_;
  try {
    conn.begin_chunks(ResponseStream(stream));
  } catch (...) {  // the head is out: only the end of the connection tells the peer
    const auto detail = describe(std::current_exception());
    worker_.service.observer->log({Level::error, "chunked answer failed", path_, detail});
    *stream = {};
    finish();
  }
}

void HttpCore::upgrade(Conn conn) {
  upgrade_ = std::move(conn.upgrade);
  write(detail::upgrade_text(conn, worker_.date, upgrade_->accept));
  state_ = State::upgraded;
}

void HttpCore::refuse(int http_status) {
  write(detail::refusal_text(http_status));
  finish();
}

void HttpCore::finish() {
  state_ = State::finished;
  parser_.reset();
  pending_.clear();
  deadline_.reset();
  outbox_.mark_dirty();
}

void HttpCore::next_request() {
  state_ = State::idle;
  parser_.reset();
  scanned_ = line_bytes_ = lines_ = 0;
  if (pending_.empty()) pending_ = std::string();  // an idle connection holds no buffer
  deadline_ = now_ + worker_.service.options.keep_alive_timeout;
  unread_ = outbox_.bytes();
}

void HttpCore::write(std::string bytes) {
  const auto chunk = ChunkRef::make();
  chunk->bytes = std::move(bytes);
  outbox_.push(chunk, 0, static_cast<std::uint32_t>(chunk->bytes.size()));
}

}  // namespace phx::server
