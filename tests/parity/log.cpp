#include "log.hpp"

#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>

namespace phx::parity {

std::string quote(std::string_view text) { return to_json_text(Json(text)); }

std::string payload_json(core::PayloadKind kind, std::string_view payload) {
  if (kind == core::PayloadKind::json) return std::string(payload);
  return R"({"$binary":")" + core::base64_encode(payload) + R"("})";
}

void Log::add(std::int64_t ms, std::string_view kind, std::initializer_list<std::string> details) {
  if (!entries_.empty()) entries_ += ',';
  entries_ += '[' + std::to_string(ms) + ',' + quote(kind);
  for (const std::string& detail : details) entries_ += ',' + detail;
  entries_ += ']';
}

}  // namespace phx::parity
