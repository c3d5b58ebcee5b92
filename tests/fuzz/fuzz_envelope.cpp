// Text frames, read by both serializers as client and as server frames, and as plain JSON.
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>

#include <phx/core/json.hpp>
#include <phx/core/json_text.hpp>
#include <phx/core/serializer.hpp>

#include "invariant.hpp"

using namespace phx;
using namespace phx::core;

namespace {

bool same(const EnvelopeView& a, const EnvelopeView& b) {
  return a.join_ref == b.join_ref && a.ref == b.ref && a.topic_token == b.topic_token && a.topic == b.topic && a.event == b.event &&
         a.payload == b.payload && a.status == b.status && a.payload_kind == b.payload_kind && a.event_is_string == b.event_is_string;
}

/// decode -> encode -> decode gives the same message.
void round_trip(const Serializer& serializer, const EnvelopeView& view) {
  if (!view.event_is_string) return;  // cannot be written: no server sends one
  MessageView message{
      .join_ref = view.join_ref, .ref = view.ref, .topic = view.topic, .topic_token = view.topic_token, .event = view.event};
  message.payload = view.payload;
  std::string out;
  PHX_INVARIANT(serializer.encode(message, out) == Opcode::text);
  EnvelopeScratch scratch;
  const auto again = serializer.decode_client(Opcode::text, out, scratch);
  PHX_INVARIANT(again && same(*again, view));
}

void read_with(const Serializer& serializer, std::string_view frame) {
  EnvelopeScratch one, two;
  const auto client = serializer.decode_client(Opcode::text, frame, one);
  const auto server = serializer.decode_server(Opcode::text, frame, two);
  if (server && server->event == "phx_reply") {
    std::string status;
    if (const auto reply = read_reply(*server, status)) PHX_INVARIANT(!check_json(reply->response) && is_utf8(reply->status));
  }
  if (!client) return;
  PHX_INVARIANT(server && same(*client, *server));  // what a server accepts, a client reads alike
  PHX_INVARIANT(!check_json(frame) && !check_json(client->payload) && !check_json(client->join_ref) && !check_json(client->ref));
  PHX_INVARIANT(is_utf8(client->topic) && is_utf8(client->event));
  round_trip(serializer, *client);
}

/// Where nlohmann knowingly differs: it skips a byte order mark, ends at NUL and has no integers beyond a double.
bool comparable(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF") || text.find('\0') != std::string_view::npos) return false;
  std::size_t digits = 0;
  for (const char c : text) {
    digits = std::isdigit(static_cast<unsigned char>(c)) != 0 ? digits + 1 : 0;
    if (digits > 300) return false;
  }
  return true;
}

void compare_with_nlohmann(std::string_view text) {
  const bool valid = !check_json(text);
  if (comparable(text)) PHX_INVARIANT(valid == Json::accept(text.begin(), text.end()));
  if (!valid || !comparable(text)) return;
  PHX_INVARIANT(is_utf8(text));
  const auto json = parse_json(text);
  PHX_INVARIANT(json.has_value());
  const auto written = to_json_text(*json);
  PHX_INVARIANT(to_json_text(*parse_json(written)) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view frame(reinterpret_cast<const char*>(data), size);
  read_with(v2_serializer(), frame);
  read_with(v1_serializer(), frame);
  compare_with_nlohmann(frame);
  return 0;
}
