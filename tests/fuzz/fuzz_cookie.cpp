// The Cookie header, and what a session cookie may hold.
#include <cstdint>
#include <memory>
#include <string_view>

#include <phx/core/json.hpp>
#include <phx/server/cookies.hpp>
#include <phx/server/plugs.hpp>

#include "invariant.hpp"

using namespace phx;
using namespace phx::server;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto keys =
      std::make_shared<const core::KeyGenerator>("fuzz-secret-key-base-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP");
  static const Plug session = plug::session(keys, {.key = "s", .secrets = {.signing_salt = "salt"}});
  const std::string_view header(reinterpret_cast<const char*>(data), size);
  for (const auto& [name, value] : decode_cookies(header)) {
    PHX_INVARIANT(!name.empty() && name.find_first_of("; \t\r\n=") == std::string_view::npos);
    PHX_INVARIANT(value.find_first_of(";\r\n") == std::string_view::npos);
  }
  Conn conn;
  conn.req_headers.emplace_back("cookie", header);
  conn = session(std::move(conn));
  conn.fetch_session();
  PHX_INVARIANT(conn.get_session().is_object());
  return 0;
}
