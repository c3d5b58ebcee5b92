#include "support.hpp"

#include <chrono>

#include <phx/core/error.hpp>

namespace phx::capi {

namespace {

thread_local std::string last_error;   // the line for phx_last_error
thread_local std::string status_line;  // what phx_status_text points to

static_assert(static_cast<phx_status>(Errc::bad_envelope) == PHX_E_BAD_ENVELOPE);
static_assert(static_cast<phx_status>(Errc::connection_closed) == PHX_E_CONNECTION_CLOSED);
static_assert(static_cast<phx_status>(Errc::cancelled) == PHX_E_CANCELLED);
static_assert(static_cast<phx_status>(Errc::gave_up) == PHX_E_GAVE_UP);

std::string text_of(phx_status status) {
  switch (status) {
    case PHX_OK: return "no error";
    case PHX_E_INVALID_ARGUMENT: return "invalid argument";
    case PHX_E_INVALID_STATE: return "not possible in this state";
    case PHX_E_NO_MEMORY: return "out of memory";
    case PHX_E_NOT_CONNECTED: return "not connected";
    case PHX_E_SYSTEM_ERROR: return "an error of the operating system";
    case PHX_E_INTERNAL: return "an error of the library";
    default: return make_error_code(static_cast<Errc>(status)).message();
  }
}

}  // namespace

phx_status fail(phx_status status, std::string_view why) noexcept {
  try {
    last_error.assign(why);
  } catch (const std::bad_alloc&) {
    last_error.clear();  // the status still says it
  }
  return status;
}

phx_status status_of(std::error_code error) noexcept {
  if (!error) return PHX_OK;
  if (error.category() == make_error_code(Errc::cancelled).category()) return error.value();
  if (error == std::errc::not_connected) return PHX_E_NOT_CONNECTED;
  if (error == std::errc::not_enough_memory) return PHX_E_NO_MEMORY;
  if (error == std::errc::operation_canceled) return PHX_E_CANCELLED;
  return PHX_E_SYSTEM_ERROR;
}

std::string_view view(phx_str text, const char* name) {
  if (text.size != 0 && !text.data) throw std::invalid_argument(std::string(name) + " has a size but no data");
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}

client::Payload payload_of(phx_payload payload) {
  const auto text = view(payload.data, "payload");
  if (payload.binary) return client::Bytes{std::string(text)};
  return text.empty() ? client::Payload() : client::Payload(client::RawJson{std::string(text)});
}

}  // namespace phx::capi

using namespace phx::capi;

uint32_t phx_version(void) { return PHXKIT_VERSION_MAJOR << 16 | PHXKIT_VERSION_MINOR << 8 | PHXKIT_VERSION_PATCH; }
const char* phx_version_string(void) { return PHXKIT_VERSION; }

const char* phx_status_text(phx_status status) {
  try {
    status_line = text_of(status);
    return status_line.c_str();
  } catch (const std::bad_alloc&) { return "out of memory"; }
}

const char* phx_last_error(void) { return last_error.c_str(); }

phx_str phx_text_str(const phx_text* text) { return text ? to_c(text->text) : phx_str{}; }
void phx_text_free(phx_text* text) { delete text; }
