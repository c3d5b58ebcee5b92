#include "http_exchange.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace phx::testing {
namespace {

std::string request_text(const HttpRequest& request) {
  std::string text = request.method + " " + request.path + " HTTP/1.1\r\n";
  bool host = false;
  for (const auto& [name, value] : request.headers) {
    text += name + ": " + value + "\r\n";
    host = host || name == "host";
  }
  if (!host) text += "host: www.example.com\r\n";
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH")
    text += "content-length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "connection: close\r\n\r\n" + request.body;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// Chunks joined; nothing: cut off or no chunks.
std::optional<std::string> unchunk(std::string_view text) {
  std::string out;
  while (true) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size, 16);
    const std::size_t line = text.find("\r\n");
    if (error != std::errc{} || line == std::string_view::npos) return std::nullopt;
    if (size == 0) return out;
    if (text.size() < line + 2 + size + 2) return std::nullopt;
    out += text.substr(line + 2, size);
    text.remove_prefix(line + 2 + size + 2);
  }
}

tl::expected<HttpResponse, std::string> read_response(std::string_view text) {
  const std::size_t head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos || text.size() < 12) return tl::unexpected(std::string("the server closed without an answer"));
  HttpResponse out;
  std::from_chars(text.data() + 9, text.data() + 12, out.status);
  std::string_view head = text.substr(0, head_end + 2);
  head.remove_prefix(head.find("\r\n") + 2);
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::size_t colon = head.find(':');
    if (colon >= end) return tl::unexpected(std::string("bad header in the answer: ") + std::string(head.substr(0, end)));
    const std::string_view value = head.substr(colon + 1, end - colon - 1);
    out.headers.emplace_back(lower(head.substr(0, colon)), value.substr(std::min(value.size(), value.find_first_not_of(' '))));
    head.remove_prefix(end + 2);
  }
  out.body = text.substr(head_end + 4);
  const std::string* encoding = out.header("transfer-encoding");
  if (!encoding || *encoding != "chunked") return out;
  auto body = unchunk(out.body);
  if (!body) return tl::unexpected(std::string("the chunked answer is cut off"));
  out.body = std::move(*body);
  return out;
}

}  // namespace

tl::expected<HttpResponse, std::string> exchange(Target& target, Wire::End& end, const HttpRequest& request, Instant deadline) {
  std::string received;
  bool over = false;
  end.attach({.on_bytes = [&](std::span<char> bytes) { received.append(bytes.data(), bytes.size()); }, .on_end = [&] { over = true; }});
  end.write(request_text(request));
  while (!over && target.now() < deadline) target.wait(deadline);
  end.attach({});
  if (!over) return tl::unexpected(request.method + " " + request.path + ": no answer within 30 s");
  return read_response(received);
}

}  // namespace phx::testing
