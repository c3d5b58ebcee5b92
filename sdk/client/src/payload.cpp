#include <phx/client/payload.hpp>

#include <stdexcept>

#include <phx/core/json.hpp>
#include <phx/core/json_text.hpp>

namespace phx::client {

Payload::Payload(const Json& value) : text_(to_json_text(value)) {}

Payload::Payload(RawJson json) : text_(std::move(json.text)) {
  if (core::check_json(text_)) throw std::invalid_argument("phx::Payload: the text is not JSON");
}

Payload::Payload(Bytes bytes) noexcept : kind_(PayloadKind::binary), text_(std::move(bytes.data)) {}

Result<Json> Payload::json() const {
  if (is_binary()) return failure(Errc::bad_json);
  return parse_json(text_);
}

Result<Json> Message::json() const { return payload.json(); }

Result<Json> Reply::json() const { return response.json(); }

}  // namespace phx::client
