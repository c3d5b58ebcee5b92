#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "peer.hpp"

#include <phx/core/json.hpp>
#include <phx/core/key_generator.hpp>
#include <phx/server/plugs.hpp>
#include <phx/server/router.hpp>

namespace phx::server::test {

/// One answer, taken apart.
struct Reply {
  int status = 0;
  HeaderList headers;
  std::string body, text;

  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return {};
  }
  Json json() const { return Json::parse(body); }
};

inline Reply read_reply(const std::string& text) {
  Reply out{status_of(text), {}, {}, text};
  const auto end = text.find("\r\n\r\n");
  for (auto at = text.find("\r\n"); at < end; at = text.find("\r\n", at + 2)) {
    const auto colon = text.find(": ", at), stop = text.find("\r\n", at + 2);
    if (colon < stop) out.headers.emplace_back(text.substr(at + 2, colon - at - 2), text.substr(colon + 2, stop - colon - 2));
  }
  if (end != std::string::npos) out.body = text.substr(end + 4);
  return out;
}

/// An endpoint of these plugs; every request on a connection of its own.
class Site {
 public:
  explicit Site(PlugChain plugs, HttpOptions options = {}) : plugs_(std::move(plugs)), options_(options) {}

  Reply request(std::string_view verb, std::string_view target, const HeaderList& headers = {}, std::string_view body = {}) const {
    std::string text = std::string(verb) + " " + std::string(target) + " HTTP/1.1\r\nhost: www.example.com\r\n";
    for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
    if (!body.empty()) text += "content-length: " + std::to_string(body.size()) + "\r\n";
    Peer peer(plugs_, options_);
    peer.send(text + "\r\n" + std::string(body));
    return read_reply(peer.take());
  }
  Reply get(std::string_view target, const HeaderList& headers = {}) const { return request("GET", target, headers); }
  Reply post(std::string_view target, std::string_view type, std::string_view body, HeaderList headers = {}) const {
    headers.emplace_back("content-type", type);
    return request("POST", target, headers, body);
  }

 private:
  PlugChain plugs_;
  HttpOptions options_;
};

inline plug::KeysPtr test_keys() {
  return std::make_shared<const core::KeyGenerator>("test-secret-key-base-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP");
}

/// A route that answers all its params.
inline ActionResult echo(Conn& conn) { return phx::server::json(conn, conn.params()); }

}  // namespace phx::server::test
