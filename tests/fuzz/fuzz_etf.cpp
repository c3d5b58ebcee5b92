// External terms: decoding, writing again, and the JSON form.
#include <cstdint>
#include <string_view>

#include <phx/core/etf.hpp>
#include <phx/core/etf_json.hpp>
#include <phx/core/json.hpp>

#include "invariant.hpp"

using namespace phx;
using namespace phx::core;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto term = etf::decode(bytes, {.max_depth = 64, .max_terms = 10'000, .max_inflated_bytes = 1 << 16});
  if (!term) {
    PHX_INVARIANT(term.error().category() == make_error_code(etf::EtfError::malformed).category());
    return 0;
  }
  for (const auto dialect : {etf::Dialect::otp25, etf::Dialect::otp26}) PHX_INVARIANT(etf::decode(etf::encode(*term, dialect)) == *term);
  const auto json = etf::to_json(*term);
  PHX_INVARIANT(json || !json.error().what.empty());
  if (!json) return 0;
  PHX_INVARIANT(parse_json(to_json_text(*json)).has_value());
  const auto back = etf::from_json(*json);
  PHX_INVARIANT(back.has_value() && etf::to_json(*back) == *json);
  return 0;
}
