#include <phx/scenario/capture.hpp>

#include <array>
#include <ctime>
#include <utility>

#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>
#include <phx/core/json_text.hpp>

namespace phx::scenario {

namespace {

constexpr std::array<std::string_view, 6> kind_names{"frame", "open", "close", "http", "error", "note"};

/// Fields are written in the order of the format's description, so that a person can read a line.
class Line {
 public:
  void text(std::string_view key, std::string_view value) {
    name(key);
    if (core::is_utf8(value)) return core::append_json_string(out_, value);
    std::string ascii(value);  // a request target of strange bytes
    for (char& c : ascii)
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    core::append_json_string(out_, ascii);
  }
  void token(std::string_view key, std::string_view value) { name(key).append(value); }
  void number(std::string_view key, std::int64_t value) { token(key, std::to_string(value)); }
  std::string done() && { return std::move(out_ += '}'); }

 private:
  std::string& name(std::string_view key) {
    if (out_.size() > 1) out_ += ',';
    return out_.append("\"").append(key).append("\":");
  }
  std::string out_ = "{";
};

void write_raw(Line& line, const CaptureEvent& e) {
  if (e.op == core::Opcode::binary)
    line.text("raw", core::base64_encode(e.raw));
  else if (core::is_utf8(e.raw))
    line.text("raw", e.raw);
  else
    line.text("raw_base64", core::base64_encode(e.raw));  // broken on the way: a text frame that is no text
}

std::string read_text(const Json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<std::string> read_token(const Json& line, const char* key) {
  const auto found = line.find(key);
  return found == line.end() ? std::nullopt : std::optional(found->dump());
}

std::optional<std::string> read_name(const Json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_string() ? std::optional(found->get<std::string>()) : std::nullopt;
}

/// An empty answer: all is well; else what is wrong.
std::string read_raw(const Json& line, CaptureEvent& out) {
  for (const char* key : {"raw", "raw_base64"}) {
    const auto found = line.find(key);
    if (found == line.end()) continue;
    if (!found->is_string()) return std::string("\"") + key + "\" must be a string";
    const auto& text = found->get_ref<const std::string&>();
    if (out.op == core::Opcode::text && std::string_view(key) == "raw") {
      out.raw = text;
      return {};
    }
    auto bytes = core::base64_decode(text);
    if (!bytes) return std::string("\"") + key + "\" must be base64 in a binary event";
    out.raw = std::move(*bytes);
    return {};
  }
  return out.kind == CaptureKind::frame ? "a frame needs \"raw\", its text (base64 with \"op\":\"binary\")" : "";
}

std::string read_kind(const Json& line, CaptureEvent& out) {
  const std::string k = read_text(line, "k");
  for (std::size_t i = 0; i < kind_names.size(); ++i) {
    if (k != kind_names[i]) continue;
    out.kind = static_cast<CaptureKind>(i);
    return {};
  }
  return "\"k\" must be frame, open, close, http, error or note";
}

std::string read_direction(const Json& line, CaptureEvent& out) {
  const std::string d = read_text(line, "d");
  if (d == "in") out.direction = Direction::to_client;
  if (d == "out") out.direction = Direction::to_server;
  if (line.contains("d") && !out.direction) return "\"d\" must be in or out (seen from the client)";
  return out.kind == CaptureKind::frame && !out.direction ? "a frame needs \"d\": in or out" : "";
}

std::string read_event(const Json& line, CaptureEvent& out) {
  const auto t = line.find("t");
  if (t == line.end() || !t->is_number_integer() || t->get<std::int64_t>() < 0) return "\"t\" must be nanoseconds since the start";
  out.t = t->get<std::int64_t>();
  if (const auto c = line.find("c"); c != line.end()) {
    if (!c->is_number_unsigned()) return "\"c\" must be the number of a connection, from 1";
    out.c = c->get<std::uint64_t>();
  }
  if (auto wrong = read_kind(line, out); !wrong.empty()) return wrong;
  if (auto wrong = read_direction(line, out); !wrong.empty()) return wrong;
  const std::string op = read_text(line, "op");
  if (line.contains("op") && op != "text" && op != "binary") return "\"op\" must be text or binary";
  if (op == "binary") out.op = core::Opcode::binary;
  out.join_ref = read_token(line, "join_ref");
  out.ref = read_token(line, "ref");
  out.topic = read_name(line, "topic");
  out.event = read_name(line, "event");
  out.status = read_name(line, "status");
  if (const auto n = line.find("n"); n != line.end() && n->is_number_unsigned()) out.n = n->get<std::uint64_t>();
  if (const auto code = line.find("code"); code != line.end() && code->is_number_integer()) out.code = code->get<int>();
  out.text = read_text(line, "text");
  out.method = read_text(line, "method");
  out.path = read_text(line, "path");
  return read_raw(line, out);
}

}  // namespace

std::string capture_line(const CaptureHeader& header) {
  Line line;
  line.number("phxkit_capture", 1);
  line.text("tool", header.tool);
  line.text("url", header.url);
  line.text("transport", header.transport);
  line.text("vsn", header.vsn);
  line.text("started", header.started);
  line.text("clock", header.clock);
  return std::move(line).done();
}

std::string capture_line(const CaptureEvent& e) {
  Line line;
  line.number("t", e.t);
  line.number("c", static_cast<std::int64_t>(e.c));
  if (e.direction) line.text("d", *e.direction == Direction::to_client ? "in" : "out");
  line.text("k", kind_names[static_cast<std::size_t>(e.kind)]);
  const bool has_raw = e.kind == CaptureKind::frame || !e.raw.empty();
  if (has_raw) line.text("op", e.op == core::Opcode::binary ? "binary" : "text");
  if (!e.method.empty()) line.text("method", e.method);
  if (!e.path.empty()) line.text("path", e.path);
  if (e.code) line.number("code", *e.code);
  if (!e.text.empty()) line.text("text", e.text);
  if (has_raw) write_raw(line, e);
  if (e.join_ref) line.token("join_ref", *e.join_ref);
  if (e.ref) line.token("ref", *e.ref);
  if (e.topic) line.text("topic", *e.topic);
  if (e.event) line.text("event", *e.event);
  if (e.status) line.text("status", *e.status);
  if (e.n) line.number("n", static_cast<std::int64_t>(*e.n));
  return std::move(line).done();
}

tl::unexpected<CaptureError> CaptureReader::fail(const std::string& what) {
  failed_ = CaptureError{line_, "line " + std::to_string(line_) + ": " + what};
  return tl::unexpected(*failed_);
}

tl::expected<void, CaptureError> CaptureReader::take(std::string_view line) {
  ++line_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return {};
  if (core::check_json(line, {.max_depth = 64})) return fail("not JSON; each line of a capture is one JSON object");
  const auto parsed = parse_json(line);
  if (!parsed || !parsed->is_object()) return fail("not a JSON object; each line of a capture is one");
  const Json& value = *parsed;
  if (!has_header_) {
    const auto version = value.find("phxkit_capture");
    if (version == value.end()) return fail("no capture: the first line must be {\"phxkit_capture\":1,...}, as phx record writes it");
    if (*version != 1) return fail("capture version " + version->dump() + " is unknown; this program reads version 1");
    capture_.header = {read_text(value, "tool"), read_text(value, "url"),     read_text(value, "transport"),
                       read_text(value, "vsn"),  read_text(value, "started"), read_text(value, "clock")};
    has_header_ = true;
    return {};
  }
  if (capture_.events.size() >= limits_.events) return fail("more than " + std::to_string(limits_.events) + " events; split the capture");
  CaptureEvent event;
  if (const std::string wrong = read_event(value, event); !wrong.empty()) return fail(wrong);
  capture_.events.push_back(std::move(event));
  return {};
}

tl::expected<void, CaptureError> CaptureReader::feed(std::string_view bytes) {
  if (failed_) return tl::unexpected(*failed_);
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (partial_.size() + piece.size() > limits_.line) {
      ++line_;
      return fail("longer than " + std::to_string(limits_.line) + " bytes");
    }
    if (end == std::string_view::npos) {
      partial_ += piece;
      return {};
    }
    auto taken = partial_.empty() ? take(piece) : take(partial_ += piece);
    partial_.clear();
    if (!taken) return taken;
    bytes.remove_prefix(end + 1);
  }
  return {};
}

tl::expected<Capture, CaptureError> CaptureReader::finish() {
  if (failed_) return tl::unexpected(*failed_);
  if (!partial_.empty()) {
    if (has_header_ && core::check_json(partial_, {.max_depth = 64}))
      capture_.notes.push_back("line " + std::to_string(line_ + 1) + ": the capture ends in the middle of a line, which was left out");
    else if (const auto taken = take(partial_); !taken)
      return tl::unexpected(taken.error());
  }
  if (!has_header_) {
    line_ = 1;
    return fail("empty; a capture begins with {\"phxkit_capture\":1,...}");
  }
  return std::move(capture_);
}

tl::expected<Capture, CaptureError> read_capture(std::string_view text, CaptureLimits limits) {
  CaptureReader reader(limits);
  if (const auto fed = reader.feed(text); !fed) return tl::unexpected(fed.error());
  return reader.finish();
}

std::string capture_time(std::chrono::system_clock::time_point now) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::string out(text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &utc));
  const std::string millis = std::to_string(ms % 1000);
  return out.append(3 - millis.size(), '0') + millis + "Z";
}

}  // namespace phx::scenario
