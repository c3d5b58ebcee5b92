#include <phx/load/http_answer.hpp>

#include <algorithm>
#include <charconv>

namespace phx::load {
namespace {

constexpr std::size_t max_head = 64u << 10, max_body = 16u << 20;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> number(std::string_view text, int base) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

void HttpAnswer::reset() { *this = HttpAnswer{}; }

/// A whole line without its end is in `line` when this returns true.
bool HttpAnswer::take_line(std::string_view& bytes, std::string& line) {
  const std::size_t end = bytes.find('\n');
  const std::size_t n = std::min(end, bytes.size());
  head_bytes_ += n + 1;
  if (head_bytes_ > max_head) {
    part_ = Part::broken;
    return false;
  }
  line_.append(bytes.substr(0, n));
  bytes.remove_prefix(std::min(n + 1, bytes.size()));
  if (end == std::string_view::npos) return false;
  if (line_.ends_with('\r')) line_.pop_back();
  line = std::move(line_);
  line_.clear();
  return true;
}

bool HttpAnswer::on_head_line(std::string_view line) {
  if (first_line_) {
    first_line_ = false;
    const auto status = line.size() >= 12 && line.starts_with("HTTP/1.") ? number(line.substr(9, 3), 10) : std::nullopt;
    if (!status || line[8] != ' ') return false;
    status_ = static_cast<int>(*status);
    keep_alive_ = line[7] != '0';
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string name = lower(line.substr(0, colon));
  const std::string value = lower(trim(line.substr(colon + 1)));
  if (name == "content-length") {
    length_ = number(value, 10);
    return length_.has_value() && *length_ <= max_body;
  }
  if (name == "transfer-encoding") chunked_ = value == "chunked";
  if (name == "connection") keep_alive_ = value != "close" && (keep_alive_ || value == "keep-alive");
  return name != "transfer-encoding" || chunked_;
}

void HttpAnswer::on_head_end() {
  if (status_ >= 100 && status_ < 200) {  // interim
    reset();
    return;
  }
  if (status_ == 204 || status_ == 304 || (!chunked_ && length_ == 0u)) {
    part_ = Part::done;
  } else if (chunked_) {
    part_ = Part::chunk_size;
  } else if (length_) {
    part_ = Part::length;
    left_ = *length_;
  } else {
    part_ = Part::until_end;
    keep_alive_ = false;
  }
}

void HttpAnswer::on_line(std::string_view line) {
  if (part_ == Part::head) {
    if (line.empty() && !first_line_) return on_head_end();
    if (!on_head_line(line)) part_ = Part::broken;
  } else if (part_ == Part::chunk_size) {
    const auto size = number(trim(line.substr(0, line.find(';'))), 16);
    if (!size || *size > max_body)
      part_ = Part::broken;
    else
      part_ = *size == 0 ? Part::trailers : Part::chunk;
    left_ = size.value_or(0);
    head_bytes_ = 0;
  } else if (part_ == Part::chunk_end) {
    part_ = line.empty() ? Part::chunk_size : Part::broken;
  } else if (line.empty()) {
    part_ = Part::done;  // trailers
  }
}

void HttpAnswer::take_body(std::string_view& bytes) {
  const std::size_t n = part_ == Part::until_end ? bytes.size() : static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  if (body_.size() + n > max_body) {
    part_ = Part::broken;
    return;
  }
  body_.append(bytes.substr(0, n));
  bytes.remove_prefix(n);
  if (part_ == Part::until_end) return;
  left_ -= n;
  if (left_ == 0) part_ = part_ == Part::chunk ? Part::chunk_end : Part::done;
}

HttpAnswer::State HttpAnswer::feed(std::string_view& bytes) {
  std::string line;
  while (!bytes.empty() && part_ != Part::done && part_ != Part::broken) {
    if (part_ == Part::length || part_ == Part::chunk || part_ == Part::until_end) {
      take_body(bytes);
    } else if (take_line(bytes, line)) {
      on_line(line);
    }
  }
  if (part_ == Part::broken) return State::broken;
  return part_ == Part::done ? State::complete : State::more;
}

HttpAnswer::State HttpAnswer::finish() {
  if (part_ == Part::until_end) part_ = Part::done;
  return part_ == Part::done ? State::complete : State::broken;
}

}  // namespace phx::load
