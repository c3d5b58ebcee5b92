// Bodies of forms, urlencoded and multipart; the first byte says which.
#include <cstdint>
#include <string>
#include <string_view>

#include <phx/core/json.hpp>
#include <phx/server/plugs.hpp>
#include <phx/server/query.hpp>

#include "invariant.hpp"

using namespace phx;
using namespace phx::server;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Plug parsers = plug::parsers({.multipart_parts = 20});
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  const bool multipart = bytes.front() == 'm';
  bytes.remove_prefix(1);
  Conn conn;
  conn.method = "POST";
  conn.body = bytes;
  conn.req_headers.emplace_back("content-type", multipart ? "multipart/form-data; boundary=B" : "application/x-www-form-urlencoded");
  try {
    conn = parsers(std::move(conn));
  } catch (const HttpError& e) {
    PHX_INVARIANT(e.status() == 400 || e.status() == 413);
    return 0;
  }
  PHX_INVARIANT(parse_json(to_json_text(conn.params())).has_value());
  PHX_INVARIANT(conn.uploads().size() <= 20);
  for (const auto& upload : conn.uploads()) PHX_INVARIANT(bytes.find(upload.body) != std::string_view::npos && !upload.filename.empty());
  return 0;
}
