#include <phx/core/json_text.hpp>

#include <algorithm>

#include <phx/core/error.hpp>

#include "json_scan.hpp"

namespace phx::core {
namespace detail {
namespace {

const char* skip_ascii(const char* p, const char* end) noexcept {
  for (; end - p >= 8; p += 8) {
    std::uint64_t w;
    std::memcpy(&w, p, 8);
    if ((w & highs) != 0) break;
  }
  while (p != end && byte(*p) < 0x80) ++p;
  return p;
}

void append_code_point(std::string& out, int code) {
  const auto put = [&out](int c) { out += static_cast<char>(c); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6)), put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12)), put(0x80 | ((code >> 6) & 0x3F)), put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18)), put(0x80 | ((code >> 12) & 0x3F)), put(0x80 | ((code >> 6) & 0x3F)), put(0x80 | (code & 0x3F));
  }
}

const char* append_unescaped(std::string& out, const char* p, const char* end) {
  switch (p[1]) {
    case 'b': out += '\b'; return p + 2;
    case 'f': out += '\f'; return p + 2;
    case 'n': out += '\n'; return p + 2;
    case 'r': out += '\r'; return p + 2;
    case 't': out += '\t'; return p + 2;
    case 'u': break;
    default: out += p[1]; return p + 2;
  }
  const int unit = hex4(p + 2, end);
  if (!is_high_surrogate(unit)) return append_code_point(out, unit), p + 6;
  append_code_point(out, 0x10000 + ((unit - 0xD800) << 10) + (hex4(p + 8, end) - 0xDC00));
  return p + 12;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  out += '\\';
  switch (c) {
    case '"':
    case '\\': out += c; return;
    case '\b': out += 'b'; return;
    case '\f': out += 'f'; return;
    case '\n': out += 'n'; return;
    case '\r': out += 'r'; return;
    case '\t': out += 't'; return;
    default: out.append("u00") += hex[byte(c) >> 4], out += hex[byte(c) & 15];
  }
}

}  // namespace

void unescape(std::string_view token, std::string& out) {
  out.clear();
  const char* p = token.data() + 1;
  const char* const end = token.data() + token.size() - 1;
  while (p != end) {
    const char* const run = p;
    p = std::find(p, end, '\\');
    out.append(run, p);
    if (p != end) p = append_unescaped(out, p, end);
  }
}

std::string_view string_text(std::string_view token, std::string& storage) {
  if (!has_escapes(token)) return token.substr(1, token.size() - 2);
  unescape(token, storage);
  return storage;
}

}  // namespace detail

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const char* p = text.data();
  const char* const end = p + text.size();
  for (const char* run = p;; run = ++p) {
    while ((p = detail::skip_plain(p, end)) != end && detail::byte(*p) >= 0x80)
      p = std::find_if(p, end, [](char c) { return detail::byte(c) < 0x80; });
    out.append(run, p);
    if (p == end) break;
    detail::append_escape(out, *p);
  }
  out += '"';
}

std::error_code check_json(std::string_view text, const JsonLimits& limits) noexcept {
  const char* const end = text.data() + text.size();
  const char* const p = text.empty() ? nullptr : detail::scan_value(text.data(), end, limits.max_depth);
  if (p == nullptr || detail::skip_space(p, end) != end) return Errc::bad_json;
  return {};
}

bool is_json_object(std::string_view checked) noexcept {
  const char* const end = checked.data() + checked.size();
  const char* const p = detail::skip_space(checked.data(), end);
  return p != end && *p == '{';
}

bool is_utf8(std::string_view text) noexcept {
  const char* p = text.data();
  const char* const end = p + text.size();
  while ((p = detail::skip_ascii(p, end)) != end) {
    if ((p = detail::scan_utf8(p, end)) == nullptr) return false;
  }
  return true;
}

}  // namespace phx::core
