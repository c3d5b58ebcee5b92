// What a JSON API sends besides its data: errors, a page with a CSRF token, a Link header.
#include <cstdint>
#include <string_view>

#include <phx/core/client/api_error.hpp>

#include "invariant.hpp"

using namespace phx::core;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto error = parse_api_error(422, bytes);
  PHX_INVARIANT(error.fields.size() <= 1000 && error.message().starts_with("HTTP 422"));
  for (const auto& [path, message] : error.fields) PHX_INVARIANT(!error.fields.empty() && error.field(path).size() <= size);
  if (const auto token = find_csrf_token(bytes)) PHX_INVARIANT(!token->empty() && bytes.find(*token) != bytes.npos);
  if (const auto link = find_link(bytes, "next")) PHX_INVARIANT(link->find('>') == link->npos && bytes.find(*link) != bytes.npos);
  return 0;
}
