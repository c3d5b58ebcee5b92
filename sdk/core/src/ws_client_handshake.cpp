#include <phx/core/ws/handshake.hpp>

#include "ws_http_text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

namespace phx::core::ws {
namespace {

using namespace http_text;

constexpr std::size_t max_head = 64 * 1024;
constexpr std::size_t max_body = 16 * 1024;
constexpr std::size_t max_chunks = 64 * 1024;  // with the sizes between them
constexpr std::string_view head_end = "\r\n\r\n";

const std::string* find(const HeaderList& headers, std::string_view name) {
  const auto at = std::find_if(headers.begin(), headers.end(), [&](const auto& header) { return header.first == name; });
  return at == headers.end() ? nullptr : &at->second;
}

std::ptrdiff_t count(const HeaderList& headers, std::string_view name) {
  return std::count_if(headers.begin(), headers.end(), [&](const auto& header) { return header.first == name; });
}

bool has_token(const HeaderList& headers, std::string_view name, std::string_view token) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name && list_contains(h.second, token); });
}

std::optional<std::size_t> parse_size(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Chunked {
  std::string body;  // at most max_body
  bool complete = false;
  bool bad = false;
};

/// RFC 9112 7.1, as far as the bytes go. Trailers are of no interest.
Chunked read_chunks(std::string_view bytes) {
  Chunked out;
  for (;;) {
    const std::size_t line = bytes.find("\r\n");
    if (line == std::string_view::npos) return out;
    std::string_view size_line = bytes.substr(0, line);
    const auto size = parse_size(next_item(size_line, ';'), 16);
    out.bad = !size;
    out.complete = size == 0u;
    if (out.bad || out.complete) return out;
    bytes.remove_prefix(line + 2);
    out.body += bytes.substr(0, std::min(*size, max_body - out.body.size()));
    out.complete = out.body.size() == max_body;
    if (out.complete || bytes.size() < *size || bytes.size() - *size < 2) return out;
    bytes.remove_prefix(*size);
    out.bad = !bytes.starts_with("\r\n");
    if (out.bad) return out;
    bytes.remove_prefix(2);
  }
}

void check_text(std::string_view text, const char* what) {
  if (!is_field_value(text)) throw std::invalid_argument(std::string("handshake: a line break or control character in ") + what);
}

void check_options(const ClientHandshakeOptions& options) {
  check_text(options.host, "the host");
  if (options.target.empty() || options.target.front() != '/' || options.target.find_first_of(" \t") != std::string::npos) {
    throw std::invalid_argument("handshake: the target must begin with / and have no spaces");
  }
  check_text(options.target, "the target");
  for (const auto& protocol : options.subprotocols) {
    if (!is_token(protocol)) throw std::invalid_argument("handshake: a subprotocol is not a token");
  }
  for (const auto& [name, value] : options.headers) {
    const std::string key = to_lower(name);
    if (!is_token(name)) throw std::invalid_argument("handshake: a header name is not a token");
    if (key == "upgrade" || key == "connection" || key.starts_with("sec-websocket-")) {
      throw std::invalid_argument("handshake: the header " + key + " is written by the handshake itself");
    }
    check_text(value, "a header");
  }
}

}  // namespace

ClientHandshake::ClientHandshake(ClientHandshakeOptions options, std::string key) : options_(std::move(options)), key_(std::move(key)) {
  check_options(options_);
  check_text(key_, "the key");
}

std::string ClientHandshake::request() const {
  std::string out = "GET " + options_.target + " HTTP/1.1\r\n";
  const auto add = [&](std::string_view name, std::string_view value) { out.append(name).append(": ").append(value).append("\r\n"); };
  const bool own_host = std::any_of(options_.headers.begin(), options_.headers.end(),
                                    [](const auto& header) { return equals_ignoring_case(header.first, "host"); });
  if (!own_host) add("Host", options_.host);
  add("Upgrade", "websocket");
  add("Connection", "Upgrade");
  add("Sec-WebSocket-Key", key_);
  add("Sec-WebSocket-Version", "13");
  std::string protocols;
  for (const auto& protocol : options_.subprotocols) protocols += (protocols.empty() ? "" : ", ") + protocol;
  if (!protocols.empty()) add("Sec-WebSocket-Protocol", protocols);
  if (options_.offer_deflate) add("Sec-WebSocket-Extensions", offer_text(options_.deflate));
  for (const auto& [name, value] : options_.headers) add(name, value);
  return out + "\r\n";
}

bool ClientHandshake::wrong(std::string detail) {
  detail_ = std::move(detail);
  return false;
}

tl::unexpected<std::error_code> ClientHandshake::fail(Errc why) {
  phase_ = Phase::failed;
  return failure(why);
}

Result<bool> ClientHandshake::feed(std::string_view bytes) {
  switch (phase_) {
    case Phase::head: buffer_ += bytes; return on_head();
    case Phase::body: buffer_ += bytes; return on_body();
    case Phase::done:
      if (answer_.status == 101) rest_ += bytes;
      return true;
    case Phase::failed: return failure(Errc::handshake_invalid);
  }
  return failure(Errc::handshake_invalid);
}

Result<bool> ClientHandshake::on_head() {
  constexpr std::string_view http = "HTTP/1.";
  for (;;) {
    const std::string_view start = std::string_view(buffer_).substr(0, http.size());
    if (start != http.substr(0, start.size())) {
      wrong("the answer is not HTTP/1.1");
      return fail(Errc::handshake_invalid);
    }
    const std::size_t end = buffer_.find(head_end, scanned_);
    const std::size_t size = end == std::string::npos ? buffer_.size() : end + head_end.size();
    if (heads_ + size > max_head) {
      wrong("the head of the answer is longer than 64 KiB");
      return fail(Errc::header_too_large);
    }
    if (end == std::string::npos) {
      scanned_ = size < head_end.size() ? 0 : size - head_end.size() + 1;
      return false;
    }
    answer_ = {};
    if (!parse_head(std::string_view(buffer_).substr(0, end))) return fail(Errc::handshake_invalid);
    buffer_.erase(0, size);
    heads_ += size;
    scanned_ = 0;
    if (answer_.status == 101) {
      if (!check_switch()) return fail(Errc::handshake_invalid);
      phase_ = Phase::done;
      rest_ = std::exchange(buffer_, {});
      return true;
    }
    if (answer_.status >= 200) break;  // 100 to 199: an interim answer, the real one follows
  }
  phase_ = Phase::body;
  detail_ = "the server answered " + std::to_string(answer_.status);
  return on_body();
}

/// Status line and fields, without the empty line at the end. RFC 9112 4 and 5; folded lines are refused.
bool ClientHandshake::parse_head(std::string_view head) {
  std::size_t end = std::min(head.find("\r\n"), head.size());
  const std::string_view line = head.substr(0, end);
  const auto status = line.size() >= 12 ? parse_size(line.substr(9, 3), 10) : std::nullopt;
  const bool shape = line.size() >= 12 && (line[7] == '0' || line[7] == '1') && line[8] == ' ' && (line.size() == 12 || line[12] == ' ');
  if (!shape || !status || *status < 100) return wrong("the answer has no HTTP status line");
  answer_.status = static_cast<int>(*status);
  if (answer_.status == 101 && line[7] != '1') return wrong("the answer is 101 in HTTP/1.0");
  while (end < head.size()) {
    head.remove_prefix(end + 2);
    end = std::min(head.find("\r\n"), head.size());
    const std::string_view field = head.substr(0, end);
    const std::size_t colon = std::min(field.find(':'), field.size());
    const std::string_view value = trim(field.substr(std::min(colon + 1, field.size())));
    if (colon == field.size() || !is_token(field.substr(0, colon)) || !is_field_value(value)) {
      return wrong("the answer has a malformed header line");
    }
    answer_.headers.emplace_back(to_lower(field.substr(0, colon)), value);
  }
  return true;
}

/// RFC 6455 4.1, what the client must find in a 101.
bool ClientHandshake::check_switch() {
  const HeaderList& headers = answer_.headers;
  if (!has_token(headers, "upgrade", "websocket")) return wrong("101 without 'Upgrade: websocket'");
  if (!has_token(headers, "connection", "upgrade")) return wrong("101 without 'Connection: Upgrade'");
  const std::string* accept = find(headers, "sec-websocket-accept");
  if (accept == nullptr || count(headers, "sec-websocket-accept") != 1) return wrong("101 without one Sec-WebSocket-Accept");
  if (*accept != accept_value(key_)) return wrong("101 with a wrong Sec-WebSocket-Accept");
  return check_subprotocol() && check_extensions();
}

bool ClientHandshake::check_subprotocol() {
  const std::string* chosen = find(answer_.headers, "sec-websocket-protocol");
  if (chosen == nullptr) return true;
  const auto& offered = options_.subprotocols;
  const bool known = std::find(offered.begin(), offered.end(), *chosen) != offered.end();
  if (!known || count(answer_.headers, "sec-websocket-protocol") != 1) return wrong("101 with a subprotocol that was not offered");
  answer_.subprotocol = *chosen;
  return true;
}

bool ClientHandshake::check_extensions() {
  for (const auto& [name, value] : answer_.headers) {
    if (name != "sec-websocket-extensions") continue;
    std::string_view list = value;
    while (!list.empty()) {
      const std::string_view extension = next_item(list, ',');
      if (extension.empty()) continue;  // empty list elements are allowed: RFC 9110 5.6.1
      const bool awaited = options_.offer_deflate && !answer_.deflate;
      if (awaited) answer_.deflate = read_deflate_answer(extension, options_.deflate);
      if (!awaited || !answer_.deflate) return wrong("101 with an extension that was not offered");
    }
  }
  return true;
}

/// The text of a refusal: told by chunks, by a length, or by the end of the connection; never more than 16 KiB.
Result<bool> ClientHandshake::on_body() {
  bool complete = answer_.status == 204 || answer_.status == 304;  // these have none: RFC 9112 6.3
  if (!complete && has_token(answer_.headers, "transfer-encoding", "chunked")) {
    if (buffer_.size() > max_chunks) buffer_.resize(max_chunks);
    Chunked chunks = read_chunks(buffer_);
    complete = chunks.complete || chunks.bad || buffer_.size() == max_chunks;
    answer_.body = std::move(chunks.body);
  } else if (!complete) {
    const std::string* length = find(answer_.headers, "content-length");
    const std::size_t size = length == nullptr ? max_body : std::min(parse_size(*length, 10).value_or(max_body), max_body);
    answer_.body = buffer_.substr(0, size);
    complete = answer_.body.size() == size;
  }
  if (!complete) return false;
  buffer_.clear();
  phase_ = Phase::done;
  return true;
}

Result<bool> ClientHandshake::finish() {
  if (phase_ == Phase::done) return true;
  if (phase_ == Phase::failed) return failure(Errc::handshake_invalid);
  if (phase_ == Phase::head) {
    wrong(buffer_.empty() && heads_ == 0 ? "the server closed the connection without an answer"
                                         : "the server closed the connection in the middle of its answer");
    return fail(Errc::connection_closed);
  }
  phase_ = Phase::done;
  return true;
}

}  // namespace phx::core::ws
