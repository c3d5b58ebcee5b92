#include "http_message.hpp"

#include <algorithm>
#include <charconv>

namespace phx::relay {

namespace {

bool same(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, end);
    item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
    item = item.substr(0, item.find_last_not_of(" \t") + 1);
    if (same(item, word)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace

std::optional<HttpHead> HttpHead::parse(std::string_view text) {
  HttpHead out;
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    if (std::exchange(first, false)) {
      out.first = line;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    std::string_view value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    value = value.substr(0, value.find_last_not_of(" \t") + 1);
    out.fields.emplace_back(line.substr(0, colon), value);
  }
  const bool answer = out.first.starts_with("HTTP/1."), request = out.first.find(" HTTP/1.") != std::string::npos;
  if (!answer && (!request || out.target().empty())) return std::nullopt;
  return out;
}

std::string_view HttpHead::field(std::string_view lower_name) const noexcept {
  for (const auto& [name, value] : fields)
    if (same(name, lower_name)) return value;
  return {};
}

void HttpHead::set(std::string_view name, std::string_view value) {
  const auto found = std::ranges::find_if(fields, [&](const auto& f) { return same(f.first, name); });
  if (found == fields.end()) {
    fields.emplace_back(name, value);
    return;
  }
  found->second = value;
  fields.erase(std::remove_if(found + 1, fields.end(), [&](const auto& f) { return same(f.first, name); }), fields.end());
}

void HttpHead::remove(std::string_view name) {
  std::erase_if(fields, [&](const auto& f) { return same(f.first, name); });
}

std::string HttpHead::text() const {
  std::string out = first + "\r\n";
  for (const auto& [name, value] : fields) out.append(name).append(": ").append(value).append("\r\n");
  return out += "\r\n";
}

std::string_view HttpHead::method() const noexcept { return std::string_view(first).substr(0, first.find(' ')); }

std::string_view HttpHead::target() const noexcept {
  const std::string_view line(first);
  const std::size_t begin = std::min(line.find(' ') + 1, line.size());
  return line.substr(begin, line.find(' ', begin) - begin);
}

int HttpHead::status() const noexcept {
  int out = 0;
  if (first.starts_with("HTTP/1.") && first.size() >= 12) std::from_chars(first.data() + 9, first.data() + 12, out);
  return out;
}

bool HttpHead::wants_websocket() const noexcept {
  return has_word(field("upgrade"), "websocket") && has_word(field("connection"), "upgrade");
}

void HttpMessage::feed(std::string_view bytes) {
  while (!bytes.empty() && stage_ != Stage::complete && stage_ != Stage::failed) bytes.remove_prefix(take(bytes));
}

void HttpMessage::finish() {
  if (stage_ == Stage::to_end) stage_ = Stage::complete;
  if (stage_ != Stage::complete) stage_ = Stage::failed;
}

std::size_t HttpMessage::take(std::string_view bytes) {
  switch (stage_) {
    case Stage::head: return take_head(bytes);
    case Stage::chunk_size:
    case Stage::chunk_end: return take_line(bytes);
    case Stage::length:
    case Stage::chunk: return take_body(bytes, true);
    case Stage::to_end: return take_body(bytes, false);
    case Stage::complete:
    case Stage::failed: break;
  }
  return bytes.size();
}

std::size_t HttpMessage::take_head(std::string_view bytes) {
  const std::size_t before = pending_.size();
  pending_ += bytes;
  const std::size_t end = pending_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    if (pending_.size() > max_head) stage_ = Stage::failed;
    return bytes.size();
  }
  head_ = HttpHead::parse(std::string_view(pending_).substr(0, end));
  pending_.clear();
  on_head();
  return end + 4 - before;
}

void HttpMessage::on_head() {
  if (!head_ || (role_ == Role::answer) != (head_->status() != 0)) {
    stage_ = Stage::failed;
    return;
  }
  const int status = head_->status();
  if (role_ == Role::answer && status >= 100 && status < 200 && status != 101) {
    head_.reset();
    return;
  }
  const std::string_view length = head_->field("content-length");
  left_ = 0;
  if (has_word(head_->field("transfer-encoding"), "chunked")) {
    stage_ = Stage::chunk_size;
  } else if (!length.empty()) {
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), left_);
    stage_ = error != std::errc{} || end != length.data() + length.size() ? Stage::failed : left_ == 0 ? Stage::complete : Stage::length;
  } else {
    const bool bodyless = role_ == Role::request || status == 101 || status == 204 || status == 304;
    stage_ = bodyless ? Stage::complete : Stage::to_end;
  }
}

std::size_t HttpMessage::take_body(std::string_view bytes, bool counted) {
  const std::size_t n = counted ? std::min(bytes.size(), left_) : bytes.size();
  body_ += bytes.substr(0, std::min(n, max_body - std::min(max_body, body_.size())));
  if (counted && (left_ -= n) == 0) stage_ = stage_ == Stage::chunk ? Stage::chunk_end : Stage::complete;
  return n;
}

/// The line of a chunk's size, or the empty one behind a chunk.
std::size_t HttpMessage::take_line(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  pending_ += bytes.substr(0, end);
  if (pending_.size() > 1024) stage_ = Stage::failed;
  if (end == std::string_view::npos) return bytes.size();
  if (stage_ == Stage::chunk_end)
    stage_ = Stage::chunk_size;
  else if (stage_ == Stage::chunk_size)
    on_chunk_size();
  pending_.clear();
  return end + 1;
}

void HttpMessage::on_chunk_size() {
  const auto [end, error] = std::from_chars(pending_.data(), pending_.data() + pending_.size(), left_, 16);
  if (error != std::errc{})
    stage_ = Stage::failed;
  else
    stage_ = left_ == 0 ? Stage::complete : Stage::chunk;
}

}  // namespace phx::relay
