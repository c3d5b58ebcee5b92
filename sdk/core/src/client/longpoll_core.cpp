#include <phx/core/client/longpoll_core.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <phx/core/base64.hpp>
#include <phx/core/client/url.hpp>
#include <phx/core/error.hpp>
#include <phx/core/json.hpp>
#include <phx/core/ws/close_code.hpp>

namespace phx::core {
namespace {

constexpr std::string_view server_error = "internal server error";
constexpr std::size_t max_token_bytes = 16 * 1024;

/// One line of a POST. Line breaks can only stand between the tokens of JSON text; inside strings they are escaped.
std::string line_of(Opcode opcode, std::string_view message) {
  if (opcode == Opcode::binary) return base64_encode(message);
  std::string line(message);
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

/// The first byte of a binary V2 frame is its kind, 0 to 2; JSON text does not begin so (server.md 3.4).
Opcode opcode_of(std::string_view message) {
  return !message.empty() && static_cast<unsigned char>(message.front()) <= 2 ? Opcode::binary : Opcode::text;
}

}  // namespace

/// The body of an answer. status 0: there is none, or it is not what a long-poll endpoint says.
struct LongPollCore::Answer {
  int status = 0;
  std::optional<std::string> token{};
  std::vector<std::string> messages{};
  int http_status = 0;
  std::error_code failure{};

  static Answer read(int http_status, std::string_view body) {
    Answer out{.http_status = http_status};
    auto json = parse_json(body);
    if (!json || !json->is_object()) return out;
    const auto status = json->find("status");
    if (status == json->end() || !status->is_number_integer()) return out;
    if (const auto token = json->find("token"); token != json->end() && token->is_string() && token->size() <= max_token_bytes)
      out.token = std::move(token->get_ref<std::string&>());
    if (const auto messages = json->find("messages"); messages != json->end() && messages->is_array()) {
      for (auto& message : *messages) {
        if (!message.is_string()) return out;
        out.messages.push_back(std::move(message.get_ref<std::string&>()));
      }
    }
    const auto number = status->get<std::int64_t>();
    out.status = number > 0 && number < 1000 ? static_cast<int>(number) : 0;
    return out;
  }

  bool refused_by_http() const noexcept { return status == 0 && http_status != 0 && http_status != 200; }

  /// For an answer that ends the session.
  LongPollError error(bool was_open) const {
    if (failure) return {failure, 500, {}};
    if (refused_by_http())
      return {was_open ? Errc::connection_closed : Errc::handshake_refused, http_status, "HTTP " + std::to_string(http_status)};
    if (status == 0)
      return {was_open ? Errc::connection_closed : Errc::handshake_invalid, 500, "the answer is not one of a long-poll endpoint"};
    return {was_open ? Errc::connection_closed : Errc::handshake_refused, status, "status " + std::to_string(status)};
  }
};

LongPollCore::LongPollCore(LongPollOptions options) : options_(std::move(options)) {}

// --- the owner ---

void LongPollCore::open(Instant now) {
  if (state_ != State::idle) throw std::logic_error("phx::core::LongPollCore: open() called twice");
  state_ = State::connecting;
  poll_at_ = now;
}

void LongPollCore::send(Opcode opcode, std::string_view message, Instant now) {
  if (state_ == State::idle || state_ == State::closed || finishing_) return;
  queue_.push_back(line_of(opcode, message));
  queued_bytes_ += queue_.back().size();
  if (!post_) flush_at_ = std::min(flush_at_, now);
}

void LongPollCore::close(std::uint16_t code, std::string_view reason, LongPollEffects& out) {
  if (state_ == State::closed) return;
  end({.code = code, .reason = std::string(reason), .clean = true}, State::closed, out);
}

void LongPollCore::finish(std::uint16_t code, std::string_view reason, Instant now, LongPollEffects& out) {
  if (state_ == State::closed || finishing_) return;
  if (state_ != State::open || (!post_ && queue_.empty())) return close(code, reason, out);
  finishing_ = LongPollClosed{.code = code, .reason = std::string(reason), .clean = true};
  finish_by_ = now + options_.linger;
  if (poll_) out.emplace_back(LongPollAbort{std::exchange(poll_, std::nullopt)->id});
}

// --- requests ---

/// `headers` come first, those of the user last.
LongPollRequest LongPollCore::request(std::string_view method, ws::HeaderList headers) {
  LongPollRequest out{.id = LongPollRequestId{++last_request_}, .method = method, .url = options_.url, .headers = std::move(headers)};
  if (token_ && !options_.token_in_header)
    out.url += (out.url.find('?') == std::string::npos ? "?token=" : "&token=") + encode_uri_component(*token_);
  if (token_ && options_.token_in_header) out.headers.emplace_back("X-Phoenix-Longpoll-Token", *token_);
  out.headers.insert(out.headers.end(), options_.headers.begin(), options_.headers.end());
  return out;
}

void LongPollCore::poll(Instant now, LongPollEffects& out) {
  ws::HeaderList headers{{"Accept", "application/json"}};
  if (options_.auth_token) headers.emplace_back("X-Phoenix-AuthToken", *options_.auth_token);
  LongPollRequest get = request("GET", std::move(headers));
  poll_ = Request{get.id, now + (state_ == State::open ? options_.timeout : options_.connect_timeout), 0};
  out.emplace_back(std::move(get));
}

/// What has been sent, as far as it goes into one POST.
void LongPollCore::post(Instant now, LongPollEffects& out) {
  flush_at_ = never_;
  if (post_ || queue_.empty()) return;
  LongPollRequest post = request("POST", {{"Content-Type", options_.ndjson ? "application/x-ndjson" : "application/json"}});
  post.body = next_body();
  post_ = Request{post.id, now + options_.timeout, post.body.size()};
  out.emplace_back(std::move(post));
}

std::string LongPollCore::next_body() {
  const std::size_t limit = options_.ndjson ? options_.batch_messages : 1;
  std::string body;
  for (std::size_t n = 0; n < limit && !queue_.empty(); ++n) {
    const std::string& line = queue_.front();
    if (n != 0 && body.size() + line.size() >= options_.batch_bytes) break;
    if (n != 0) body += '\n';
    body += line;
    queued_bytes_ -= line.size();
    queue_.pop_front();
  }
  return body;
}

// --- answers ---

void LongPollCore::on_answer(LongPollRequestId id, int http_status, std::string_view body, Instant now, LongPollEffects& out) {
  if (poll_ && poll_->id == id) {
    poll_.reset();
    on_poll(Answer::read(http_status, body), now, out);
  } else if (post_ && post_->id == id) {
    post_.reset();
    on_post(Answer::read(http_status, body), now, out);
  }
}

void LongPollCore::on_failure(LongPollRequestId id, std::error_code why, Instant now, LongPollEffects& out) {
  const Answer none{.failure = why};
  if (poll_ && poll_->id == id) {
    poll_.reset();
    on_poll(none, now, out);
  } else if (post_ && post_->id == id) {
    post_.reset();
    on_post(none, now, out);
  }
}

void LongPollCore::on_poll(const Answer& answer, Instant now, LongPollEffects& out) {
  const bool was_open = state_ == State::open;
  if (answer.status == 410 && token_)
    return fail({Errc::connection_closed, 410, "the server has forgotten the session"}, ws::close_code::session_gone, "session_gone", out);
  if (answer.token) token_ = answer.token;
  if (answer.status == 403) {
    out.emplace_back(answer.error(was_open));
    return end({.code = ws::close_code::policy_violation, .reason = "forbidden", .clean = false}, State::closed, out);
  }
  const bool session = answer.status == 410 && token_;
  if (!session && answer.status != 200 && answer.status != 204)
    return fail(answer.error(was_open), ws::close_code::internal_error, server_error, out);
  if (session) {
    state_ = State::open;
    out.emplace_back(LongPollOpened{});
  }
  poll(now, out);
  for (const std::string& message : answer.messages) out.emplace_back(LongPollMessage{opcode_of(message), message});
}

void LongPollCore::on_post(const Answer& answer, Instant now, LongPollEffects& out) {
  if (answer.status != 200) return fail(answer.error(state_ == State::open), ws::close_code::internal_error, server_error, out);  // G6
  post(now, out);
  if (!post_ && finishing_) end(*std::exchange(finishing_, std::nullopt), State::closed, out);
}

// --- ending ---

void LongPollCore::fail(LongPollError error, std::uint16_t code, std::string_view reason, LongPollEffects& out) {
  if (finishing_) return end(*std::exchange(finishing_, std::nullopt), State::closed, out);  // it was to end anyway
  out.emplace_back(std::move(error));
  end({.code = code, .reason = std::string(reason), .clean = false}, State::connecting, out);
}

void LongPollCore::time_out(LongPollEffects& out) {
  const bool was_open = state_ == State::open;
  fail({was_open ? make_error_code(std::errc::timed_out) : make_error_code(Errc::connect_timeout), 0, "timeout"}, ws::close_code::no_status,
       "timeout", out);
}

void LongPollCore::end(LongPollClosed how, State then, LongPollEffects& out) {
  for (auto* request : {&poll_, &post_})
    if (*request) out.emplace_back(LongPollAbort{std::exchange(*request, std::nullopt)->id});
  queue_.clear();
  queued_bytes_ = 0;
  poll_at_ = flush_at_ = finish_by_ = never_;
  finishing_.reset();
  state_ = then;
  out.emplace_back(std::move(how));
}

// --- time ---

std::optional<Instant> LongPollCore::next_deadline() const noexcept {
  Instant next = std::min({poll_at_, flush_at_, finish_by_});
  if (poll_) next = std::min(next, poll_->deadline);
  if (post_) next = std::min(next, post_->deadline);
  return next == never_ ? std::nullopt : std::optional(next);
}

void LongPollCore::on_deadline(Instant now, LongPollEffects& out) {
  if (finish_by_ <= now) return end(*std::exchange(finishing_, std::nullopt), State::closed, out);
  if ((poll_ && poll_->deadline <= now) || (post_ && post_->deadline <= now)) return time_out(out);
  if (poll_at_ <= now) {
    poll_at_ = never_;
    poll(now, out);
  }
  if (flush_at_ <= now) post(now, out);
}

}  // namespace phx::core
