#include <phx/core/serializer.hpp>

#include <array>
#include <cstddef>

#include "envelope_scanner.hpp"
#include "json_scan.hpp"

namespace phx::core {
namespace {

using Kind = MessageView::Kind;

constexpr std::size_t max_field_bytes = 255;
enum BinaryKind : char { push_kind = 0, reply_kind = 1, broadcast_kind = 2 };

struct NamedField {
  std::string_view name, text;
};

/// What a ref looks like in a binary frame: the text of a string, nothing for null, else the raw token.
std::string_view ref_text(std::string_view token, std::string& storage) {
  if (token == null_token) return {};
  return detail::is_string_token(token) ? detail::string_text(token, storage) : token;
}

/// The strings of a binary frame in wire order (server.md 4.4).
class BinaryFields {
 public:
  explicit BinaryFields(const MessageView& m) {
    const NamedField join_ref{"join_ref", ref_text(m.join_ref, join_ref_)}, ref{"ref", ref_text(m.ref, ref_)};
    const NamedField topic{"topic", m.topic}, event{"event", m.event};
    switch (m.kind) {
      case Kind::client_push: set(push_kind, {join_ref, ref, topic, event}); break;
      case Kind::push: set(push_kind, {join_ref, topic, event}); break;
      case Kind::reply: set(reply_kind, {join_ref, ref, topic, {"status", m.status}}); break;
      case Kind::broadcast: set(broadcast_kind, {topic, event}); break;
    }
  }
  BinaryFields(const BinaryFields&) = delete;
  BinaryFields& operator=(const BinaryFields&) = delete;

  std::string_view too_long() const noexcept {
    for (std::size_t i = 0; i != count_; ++i) {
      if (fields_[i].text.size() > max_field_bytes) return fields_[i].name;
    }
    return {};
  }

  void append_to(std::string& out) const {
    out += kind_;
    for (std::size_t i = 0; i != count_; ++i) out += static_cast<char>(fields_[i].text.size());
    for (std::size_t i = 0; i != count_; ++i) out += fields_[i].text;
  }

 private:
  void set(BinaryKind kind, std::initializer_list<NamedField> fields) noexcept {
    kind_ = kind;
    for (const auto& field : fields) fields_[count_++] = field;
  }

  char kind_ = push_kind;
  std::size_t count_ = 0;
  std::array<NamedField, 4> fields_;
  std::string join_ref_, ref_;  // texts of refs with escapes; fields_ borrows from them
};

/// Cuts a binary frame into its N strings and the data. False: truncated, or a name is not UTF-8.
template <std::size_t N>
bool split(std::string_view frame, std::array<std::string_view, N>& fields, std::string_view& data) noexcept {
  if (frame.size() < 1 + N) return false;
  std::size_t offset = 1 + N;
  for (std::size_t i = 0; i != N; ++i) {
    const std::size_t length = static_cast<unsigned char>(frame[1 + i]);
    if (frame.size() - offset < length) return false;
    fields[i] = frame.substr(offset, length);
    if (!is_utf8(fields[i])) return false;
    offset += length;
  }
  data = frame.substr(offset);
  return true;
}

std::string_view string_token(std::string_view text, std::string& storage) {
  storage.clear();
  append_json_string(storage, text);
  return storage;
}

/// A server writes a null ref as an empty string.
std::string_view server_ref_token(std::string_view text, std::string& storage) {
  return text.empty() ? null_token : string_token(text, storage);
}

EnvelopeView binary_view(std::string_view topic, std::string_view event, std::string_view data, EnvelopeScratch& scratch) {
  EnvelopeView view;
  view.topic_token = string_token(topic, scratch.topic);
  view.topic = topic;
  view.event = event;
  view.payload = data;
  view.payload_kind = PayloadKind::binary;
  return view;
}

Result<EnvelopeView> decode_client_binary(std::string_view frame, EnvelopeScratch& scratch) {
  std::array<std::string_view, 4> f;
  std::string_view data;
  if (frame.empty() || frame[0] != push_kind || !split(frame, f, data)) return failure(Errc::bad_envelope);
  auto view = binary_view(f[2], f[3], data, scratch);
  view.join_ref = string_token(f[0], scratch.join_ref);  // "" stays "": it never equals a real one (golden binary_empty_join_ref)
  view.ref = string_token(f[1], scratch.ref);
  return view;
}

Result<EnvelopeView> decode_server_push(std::string_view frame, EnvelopeScratch& scratch) {
  std::array<std::string_view, 3> f;
  std::string_view data;
  if (!split(frame, f, data)) return failure(Errc::bad_envelope);
  auto view = binary_view(f[1], f[2], data, scratch);
  view.join_ref = server_ref_token(f[0], scratch.join_ref);
  return view;
}

Result<EnvelopeView> decode_server_reply(std::string_view frame, EnvelopeScratch& scratch) {
  std::array<std::string_view, 4> f;
  std::string_view data;
  if (!split(frame, f, data)) return failure(Errc::bad_envelope);
  auto view = binary_view(f[2], "phx_reply", data, scratch);
  view.join_ref = server_ref_token(f[0], scratch.join_ref);
  view.ref = server_ref_token(f[1], scratch.ref);
  view.status = f[3];
  return view;
}

Result<EnvelopeView> decode_server_broadcast(std::string_view frame, EnvelopeScratch& scratch) {
  std::array<std::string_view, 2> f;
  std::string_view data;
  if (!split(frame, f, data)) return failure(Errc::bad_envelope);
  return binary_view(f[0], f[1], data, scratch);
}

Result<EnvelopeView> decode_server_binary(std::string_view frame, EnvelopeScratch& scratch) {
  if (frame.empty()) return failure(Errc::bad_envelope);
  switch (frame[0]) {
    case push_kind: return decode_server_push(frame, scratch);
    case reply_kind: return decode_server_reply(frame, scratch);
    case broadcast_kind: return decode_server_broadcast(frame, scratch);
    default: return failure(Errc::bad_envelope);
  }
}

void append_text(const MessageView& m, std::string& out) {
  const bool broadcast = m.kind == Kind::broadcast, reply = m.kind == Kind::reply;
  out += '[';
  (out += broadcast ? null_token : m.join_ref) += ',';
  (out += broadcast ? null_token : m.ref) += ',';
  if (m.topic_token.empty()) {
    append_json_string(out, m.topic);
  } else {
    out += m.topic_token;
  }
  out += ',';
  if (!reply) {
    append_json_string(out, m.event);
    ((out += ',') += m.payload) += ']';
    return;
  }
  ((out += R"("phx_reply",{"response":)") += m.payload) += R"(,"status":)";
  append_json_string(out, m.status);
  out += "}]";
}

/// vsn 2.x: JSON arrays in text frames, bytes in binary frames.
class V2Serializer final : public Serializer {
 public:
  std::string_view vsn() const noexcept override { return "2.0.0"; }
  std::string_view phoenix_name() const noexcept override { return "Phoenix.Socket.V2.JSONSerializer"; }

  Result<EnvelopeView> decode_client(Opcode op, std::string_view frame, EnvelopeScratch& scratch, const JsonLimits& limits) const override {
    return op == Opcode::text ? detail::read_array(frame, scratch, limits) : decode_client_binary(frame, scratch);
  }

  Result<EnvelopeView> decode_server(Opcode op, std::string_view frame, EnvelopeScratch& scratch) const override {
    return op == Opcode::text ? detail::read_array(frame, scratch, {}) : decode_server_binary(frame, scratch);
  }

  Result<Opcode> encode(const MessageView& message, std::string& out) const override {
    if (message.payload_kind == PayloadKind::json) {
      append_text(message, out);
      return Opcode::text;
    }
    const BinaryFields fields(message);
    if (!fields.too_long().empty()) return failure(Errc::field_too_long);
    fields.append_to(out);
    out += message.payload;
    return Opcode::binary;
  }
};

}  // namespace

std::string_view too_long_field(const MessageView& message) { return BinaryFields(message).too_long(); }

const Serializer& v2_serializer() noexcept {
  static const V2Serializer serializer;
  return serializer;
}

}  // namespace phx::core
