// Small plugs that look at or set headers: request id, security headers, CORS, etag.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <stdexcept>

#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>
#include <phx/core/random.hpp>
#include <phx/server/controller.hpp>
#include <phx/server/plugs.hpp>

#include "http_head.hpp"

namespace phx::server::plug {

namespace {

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ", ") + item;
  return out;
}

bool has(const std::vector<std::string>& items, std::string_view item) { return std::ranges::find(items, item) != items.end(); }

class Cors {
 public:
  explicit Cors(CorsOptions options)
      : options_(std::move(options)),
        any_(has(options_.origins, "*")),
        methods_(joined(options_.methods)),
        expose_(joined(options_.expose)) {
    if (options_.origins.empty()) throw std::invalid_argument("plug::cors: no origins");
    if (any_ && options_.credentials) throw std::invalid_argument("plug::cors: credentials need named origins, not *");
    for (auto& header : options_.headers) header = detail::lower_case(header);
    headers_ = joined(options_.headers);
  }

  Conn operator()(Conn conn) const {
    const auto origin = conn.req_header("origin");
    if (!any_) conn.put_resp_header("vary", "origin");
    if (!origin) return conn;
    const bool preflight = conn.method == "OPTIONS" && conn.req_header("access-control-request-method");
    const bool listed = any_ || has(options_.origins, *origin);
    if (listed) mark(conn, std::string(*origin));
    if (preflight) answer_preflight(conn, listed);
    return conn;
  }

 private:
  void mark(Conn& conn, const std::string& origin) const {
    conn.put_resp_header("access-control-allow-origin", any_ ? "*" : origin);
    if (options_.credentials) conn.put_resp_header("access-control-allow-credentials", "true");
    if (!expose_.empty()) conn.put_resp_header("access-control-expose-headers", expose_);
  }

  void answer_preflight(Conn& conn, bool listed) const {
    if (!listed || !has(options_.methods, *conn.req_header("access-control-request-method")) || !headers_allowed(conn))
      return conn.send_resp(403);
    conn.put_resp_header("access-control-allow-methods", methods_);
    conn.put_resp_header("access-control-allow-headers", headers_);
    conn.put_resp_header("access-control-max-age", std::to_string(options_.max_age));
    conn.send_resp(204);
  }

  bool headers_allowed(const Conn& conn) const {
    auto wanted = conn.req_header("access-control-request-headers").value_or("");
    while (!wanted.empty()) {
      auto name = detail::lower_case(wanted.substr(0, wanted.find(',')));
      wanted.remove_prefix(std::min(name.size() + 1, wanted.size()));
      std::erase(name, ' ');
      if (!name.empty() && !has(options_.headers, name)) return false;
    }
    return true;
  }

  CorsOptions options_;
  bool any_;
  std::string methods_, expose_, headers_;
};

std::string hex(std::uint64_t value) {
  std::array<char, 16> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value, 16).ptr};
}

/// FNV-1a: a version stamp, not a secret.
std::uint64_t hash(std::string_view bytes) {
  std::uint64_t out = 0xcbf29ce484222325u;
  for (const char c : bytes) out = (out ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return out;
}

}  // namespace

Plug request_id(std::string header) {
  return [header = std::move(header)](Conn conn) {
    std::string id{conn.req_header(header).value_or("")};
    if (id.size() < 20 || id.size() > 200) id = core::base64url_encode(core::SystemRandom().bytes(15));
    conn.put_resp_header(header, id);
    conn.assigns["request_id"] = std::move(id);
    return conn;
  };
}

Plug put_secure_browser_headers(HeaderList headers) {
  // Prepended one by one, so the last comes first (golden browser_csrf).
  HeaderList all{{"referrer-policy", "strict-origin-when-cross-origin"},
                 {"content-security-policy", "base-uri 'self'; frame-ancestors 'self';"},
                 {"x-content-type-options", "nosniff"},
                 {"x-permitted-cross-domain-policies", "none"}};
  return [all = std::move(all), headers = std::move(headers)](Conn conn) {
    for (const auto& [name, value] : all)
      if (!conn.resp_header(name)) conn.prepend_resp_header(name, value);
    for (const auto& [name, value] : headers) conn.put_resp_header(name, value);
    return conn;
  };
}

Plug cors(CorsOptions options) {
  return [cors = std::make_shared<const Cors>(std::move(options))](Conn conn) { return (*cors)(std::move(conn)); };
}

Plug etag() {
  return [](Conn conn) {
    conn.register_before_send([](Conn& answer) {
      if (answer.status != 200 || answer.method != "GET" || answer.begin_chunks || answer.resp_header("etag")) return;
      auto body = std::move(answer.resp_body);
      if (not_modified(answer, {.etag = "W/\"" + hex(hash(body)) + "\""})) return;
      answer.resp_body = std::move(body);
    });
    return conn;
  };
}

}  // namespace phx::server::plug
