// HTTP messages as the relay looks on at them: whole and in two pieces alike.
#include <cstdint>
#include <string_view>

#include "http_message.hpp"
#include "invariant.hpp"

using phx::relay::HttpMessage;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto role : {HttpMessage::Role::request, HttpMessage::Role::answer}) {
    HttpMessage whole(role), pieces(role);
    whole.feed(bytes);
    pieces.feed(bytes.substr(0, size / 3));
    pieces.feed(bytes.substr(size / 3));
    PHX_INVARIANT(whole.complete() == pieces.complete() && whole.failed() == pieces.failed() && whole.body() == pieces.body());
    PHX_INVARIANT(whole.has_head() == pieces.has_head() && (!whole.has_head() || whole.head().text() == pieces.head().text()));
    whole.finish();
    PHX_INVARIANT(whole.complete() || whole.failed());
  }
  return 0;
}
