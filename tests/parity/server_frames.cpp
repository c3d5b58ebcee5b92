#include "server_frames.hpp"

#include <initializer_list>

#include "log.hpp"

namespace phx::parity {
namespace {

/// Written out here, not by the serializer under test.
ServerFrame binary_frame(char kind, std::initializer_list<std::string_view> names, std::string_view payload) {
  ServerFrame frame{core::Opcode::binary, std::string(1, kind)};
  for (const std::string_view name : names) frame.bytes += static_cast<char>(name.size());
  for (const std::string_view name : names) frame.bytes += name;
  frame.bytes += payload;
  return frame;
}

std::string_view unquoted(std::string_view token) { return token.substr(1, token.size() - 2); }

}  // namespace

ServerFrame reply_frame(const FrameNames& to, std::string_view status, std::string_view response, bool binary) {
  if (binary) return binary_frame(1, {unquoted(to.join_ref), unquoted(to.ref), to.topic, status}, response);
  return {core::Opcode::text, "[" + to.join_ref + "," + to.ref + "," + quote(to.topic) + R"(,"phx_reply",{"status":)" + quote(status) +
                                  R"(,"response":)" + std::string(response) + "}]"};
}

ServerFrame push_frame(const FrameNames& names, std::string_view payload, bool binary) {
  if (!binary)
    return {core::Opcode::text, "[" + names.join_ref + "," + names.ref + "," + quote(names.topic) + "," + quote(names.event) + "," +
                                    std::string(payload) + "]"};
  if (names.join_ref == core::null_token) return binary_frame(2, {names.topic, names.event}, payload);
  return binary_frame(0, {unquoted(names.join_ref), names.topic, names.event}, payload);
}

}  // namespace phx::parity
