#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>

#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>
#include <phx/core/json_text.hpp>
#include <phx/scenario/capture_convert.hpp>
#include <phx/scenario/mask.hpp>

namespace phx::scenario {

namespace {

struct WrongHar {
  std::string what;
};

double started_seconds(const std::string& text) {
  std::tm utc{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest == nullptr) return 0;
  const double fraction = *rest == '.' ? std::strtod(rest, nullptr) : 0;
  return static_cast<double>(::timegm(&utc)) + fraction;
}

std::chrono::system_clock::time_point at_seconds(double seconds) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(std::llround(seconds * 1000)));
}

Json har_entry(const std::string& method, const std::string& url, double started) {
  return Json{{"startedDateTime", capture_time(at_seconds(started))},
              {"time", 0},
              {"request",
               {{"method", method},
                {"url", url},
                {"httpVersion", "HTTP/1.1"},
                {"cookies", Json::array()},
                {"headers", Json::array()},
                {"queryString", Json::array()},
                {"headersSize", -1},
                {"bodySize", -1}}},
              {"response",
               {{"status", 0},
                {"statusText", ""},
                {"httpVersion", "HTTP/1.1"},
                {"cookies", Json::array()},
                {"headers", Json::array()},
                {"content", {{"size", 0}, {"mimeType", ""}}},
                {"redirectURL", ""},
                {"headersSize", -1},
                {"bodySize", -1}}},
              {"cache", Json::object()},
              {"timings", {{"send", 0}, {"wait", 0}, {"receive", 0}}}};
}

Json har_message(const CaptureEvent& e, double started) {
  const bool binary = e.op == core::Opcode::binary || !core::is_utf8(e.raw);  // HAR has no text that is no UTF-8
  return Json{{"type", e.direction == Direction::to_server ? "send" : "receive"},
              {"time", started + static_cast<double>(e.t) / 1e9},
              {"opcode", binary ? 2 : 1},
              {"data", binary ? core::base64_encode(e.raw) : e.raw}};
}

std::string origin_of(const std::string& url) {
  return url.substr(0, url.find('/', url.find("://") == std::string::npos ? 0 : url.find("://") + 3));
}

const Json& member(const Json& value, const char* key, const std::string& path) {
  const auto found = value.is_object() ? value.find(key) : value.end();
  if (!value.is_object() || found == value.end()) throw WrongHar{path + ": no \"" + key + "\"; is this a HAR file?"};
  return *found;
}

std::string text_member(const Json& value, const char* key) {
  const auto found = value.is_object() ? value.find(key) : value.end();
  return value.is_object() && found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
}

class HarReader {
 public:
  HarReader(const Json& har, bool keep_secrets) : keep_(keep_secrets), entries_(member(member(har, "log", "/"), "entries", "/log")) {
    if (!entries_.is_array()) throw WrongHar{"/log/entries: not a list"};
  }

  Capture read() {
    capture_.header.tool = "har";
    for (const Json& e : entries_) begin_ = std::min(begin_, started_seconds(text_member(e, "startedDateTime")));
    for (std::size_t i = 0; i < entries_.size(); ++i) entry(entries_[i], "/log/entries/" + std::to_string(i), i + 1);
    std::ranges::stable_sort(capture_.events, {}, &CaptureEvent::t);
    capture_.header.started = capture_time(at_seconds(entries_.empty() ? 0 : begin_));
    return std::move(capture_);
  }

 private:
  std::string masked(const std::string& text) const { return keep_ ? text : mask_text(text); }
  CaptureEvent make(std::uint64_t c, CaptureKind kind, double seconds) const {
    CaptureEvent e;
    e.c = c;
    e.kind = kind;
    e.t = static_cast<std::int64_t>(std::clamp((seconds - begin_) * 1e9, 0.0, 9e18));
    return e;
  }

  void entry(const Json& e, const std::string& path, std::uint64_t c) {
    const Json& request = member(e, "request", path);
    const std::string url = text_member(request, "url");
    const double started = started_seconds(text_member(e, "startedDateTime"));
    const auto messages = e.find("_webSocketMessages");
    if (messages != e.end() && messages->is_array()) return socket(*messages, url, started, path, c);
    CaptureEvent asked = make(c, CaptureKind::http, started);
    asked.direction = Direction::to_server;
    asked.method = text_member(request, "method");
    asked.path = keep_ ? url : mask_url(url);
    if (const auto post = request.find("postData"); post != request.end()) asked.raw = masked(text_member(*post, "text"));
    capture_.events.push_back(asked);
    const Json& response = member(e, "response", path);
    CaptureEvent answer = make(c, CaptureKind::http, started);
    answer.direction = Direction::to_client;
    answer.method = asked.method;
    answer.path = asked.path;
    if (const auto status = response.find("status"); status != response.end() && status->is_number_integer())
      answer.code = status->get<int>();
    if (const auto content = response.find("content"); content != response.end()) answer.raw = masked(text_member(*content, "text"));
    capture_.events.push_back(std::move(answer));
  }

  void socket(const Json& messages, const std::string& url, double started, const std::string& path, std::uint64_t c) {
    const std::string vsn = url.find("vsn=1.") != std::string::npos || url.find("vsn=") == std::string::npos ? "1.0.0" : "2.0.0";
    if (capture_.header.url.empty()) {
      capture_.header.url = keep_ ? url : mask_url(url);
      capture_.header.vsn = vsn;
    }
    CaptureEvent open = make(c, CaptureKind::open, started);
    open.text = keep_ ? url : mask_url(url);
    capture_.events.push_back(std::move(open));
    for (std::size_t i = 0; i < messages.size(); ++i) message(messages[i], path + "/_webSocketMessages/" + std::to_string(i), vsn, c);
  }

  void message(const Json& m, const std::string& path, const std::string& vsn, std::uint64_t c) {
    const Json& time = member(m, "time", path);
    const std::string type = text_member(m, "type");
    if (!time.is_number() || (type != "send" && type != "receive"))
      throw WrongHar{path + ": needs a number \"time\" and \"type\" send or receive"};
    const auto opcode = m.find("opcode");
    const bool binary = opcode != m.end() && *opcode == 2;
    if (!binary && opcode != m.end() && *opcode != 1) return;  // pings and their like
    CaptureEvent e = make(c, CaptureKind::frame, time.get<double>());
    e.direction = type == "send" ? Direction::to_server : Direction::to_client;
    e.op = binary ? core::Opcode::binary : core::Opcode::text;
    e.raw = text_member(m, "data");
    if (binary) {
      auto bytes = core::base64_decode(e.raw);
      if (!bytes) throw WrongHar{path + "/data: not base64"};
      e.raw = std::move(*bytes);
    }
    e.n = e.raw.size();
    describe_frame(e, serializer_for(vsn));
    e.raw = masked(e.raw);
    capture_.events.push_back(std::move(e));
  }

  bool keep_;
  const Json& entries_;
  Capture capture_;
  double begin_ = HUGE_VAL;
};

}  // namespace

std::string capture_to_har(const Capture& capture) {
  const double started = started_seconds(capture.header.started);
  std::map<std::uint64_t, Json> sockets, asked;
  Json entries = Json::array();
  for (const CaptureEvent& e : capture.events) {
    const double now = started + static_cast<double>(e.t) / 1e9;
    if (e.kind == CaptureKind::frame || e.kind == CaptureKind::open) {
      Json& entry = sockets[e.c];
      if (entry.is_null()) {
        entry = har_entry("GET", e.kind == CaptureKind::open ? e.text : capture.header.url, now);
        entry["response"]["status"] = 101;
        entry["_resourceType"] = "websocket";
        entry["_webSocketMessages"] = Json::array();
      }
      if (e.kind == CaptureKind::frame) entry["_webSocketMessages"].push_back(har_message(e, started));
    } else if (e.kind == CaptureKind::http) {
      const std::string url = e.path.starts_with('/') ? origin_of(capture.header.url) + e.path : e.path;
      Json entry = e.direction == Direction::to_client && asked.contains(e.c) ? asked[e.c] : har_entry(e.method, url, now);
      if (e.direction == Direction::to_server) {
        if (!e.raw.empty()) entry["request"]["postData"] = Json{{"mimeType", ""}, {"text", e.raw}};
        asked[e.c] = std::move(entry);
        continue;
      }
      entry["response"]["status"] = e.code.value_or(0);
      entry["response"]["content"] = Json{{"size", e.raw.size()}, {"mimeType", ""}, {"text", e.raw}};
      asked.erase(e.c);
      entries.push_back(std::move(entry));
    }
  }
  for (auto& [c, entry] : asked) entries.push_back(std::move(entry));
  for (auto& [c, entry] : sockets) entries.push_back(std::move(entry));
  const Json log{{"log", {{"version", "1.2"}, {"creator", {{"name", "phxkit"}, {"version", "1"}}}, {"entries", std::move(entries)}}}};
  return log.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

tl::expected<Capture, std::string> capture_from_har(std::string_view text, bool keep_secrets) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto har = parse_json(text);
  if (!har) return tl::unexpected(std::string("not JSON; a HAR file is what a browser's network panel exports"));
  try {
    return HarReader(*har, keep_secrets).read();
  } catch (const WrongHar& wrong) { return tl::unexpected(wrong.what); }
}

}  // namespace phx::scenario
