#include "envelope_scanner.hpp"

#include <array>
#include <optional>
#include <string>

#include "json_scan.hpp"

namespace phx::core {
namespace detail {
namespace {

enum Field : std::size_t { join_ref_field, ref_field, topic_field, event_field, payload_field, field_count };

using Tokens = std::array<std::string_view, field_count>;  // raw; empty when absent

constexpr Tokens field_names = {"join_ref", "ref", "topic", "event", "payload"};

/// Walks over the tokens of one frame. After a failed step, nothing more may be read.
class Cursor {
 public:
  Cursor(std::string_view frame, const JsonLimits& limits) noexcept
      : p_(frame.data()), end_(frame.data() + frame.size()), max_depth_(limits.max_depth) {}

  bool take(char c) noexcept {
    p_ = skip_space(p_, end_);
    if (p_ == end_ || *p_ != c) return false;
    ++p_;
    return true;
  }

  bool at_end() noexcept { return skip_space(p_, end_) == end_; }

  bool value(std::string_view& token) noexcept {
    return step(token, [this](const char* p) { return *p == '"' ? scan_string(p, end_) : scan_value(p, end_, max_depth_); });
  }

  bool string(std::string_view& token) noexcept {
    return step(token, [this](const char* p) { return *p == '"' ? scan_string(p, end_) : nullptr; });
  }

 private:
  template <class Scan>
  bool step(std::string_view& token, Scan scan) noexcept {
    p_ = skip_space(p_, end_);
    const char* const behind = p_ == end_ ? nullptr : scan(p_);
    if (behind == nullptr) return false;
    token = {p_, static_cast<std::size_t>(behind - p_)};
    p_ = behind;
    return true;
  }

  const char* p_;
  const char* end_;
  std::size_t max_depth_;
};

/// A ref as it is compared and echoed: equal strings get equal tokens.
std::string_view canonical_ref(std::string_view token, std::string& storage) {
  if (!is_string_token(token) || !has_escapes(token)) return token;
  std::string text;
  unescape(token, text);
  storage.clear();
  append_json_string(storage, text);
  return storage;
}

EnvelopeView make_view(const Tokens& tokens, EnvelopeScratch& scratch) {
  EnvelopeView view;
  view.join_ref = tokens[join_ref_field].empty() ? null_token : canonical_ref(tokens[join_ref_field], scratch.join_ref);
  view.ref = canonical_ref(tokens[ref_field], scratch.ref);
  view.topic_token = tokens[topic_field];
  view.topic_is_string = is_string_token(tokens[topic_field]);
  if (view.topic_is_string) view.topic = string_text(tokens[topic_field], scratch.topic);
  view.event_is_string = is_string_token(tokens[event_field]);
  if (view.event_is_string) view.event = string_text(tokens[event_field], scratch.event);
  view.payload = tokens[payload_field];
  return view;
}

/// Reads the value of a member whose key was just taken, and keeps it if its field is new.
std::optional<Errc> read_member(Cursor& in, std::string_view key, Tokens& tokens) {
  std::string storage;
  const auto name = string_text(key, storage);
  std::size_t field = 0;
  while (field != field_count && field_names[field] != name) ++field;
  const bool wanted = field != field_count && tokens[field].empty();
  std::string_view ignored;
  if (in.value(wanted ? tokens[field] : ignored)) return std::nullopt;
  return field == payload_field ? Errc::bad_json : Errc::bad_envelope;
}

bool read_key(Cursor& in, std::string_view& key) noexcept { return in.string(key) && in.take(':'); }

}  // namespace

Result<EnvelopeView> read_array(std::string_view frame, EnvelopeScratch& scratch, const JsonLimits& limits) {
  Cursor in(frame, limits);
  Tokens tokens;
  if (!in.take('[')) return failure(Errc::bad_envelope);
  for (std::size_t field = 0; field != payload_field; ++field) {
    if (!in.value(tokens[field]) || !in.take(',')) return failure(Errc::bad_envelope);
  }
  if (!in.value(tokens[payload_field])) return failure(Errc::bad_json);
  std::string_view ignored;
  while (in.take(',')) {
    if (!in.value(ignored)) return failure(Errc::bad_envelope);
  }
  if (!in.take(']') || !in.at_end()) return failure(Errc::bad_envelope);
  return make_view(tokens, scratch);
}

Result<EnvelopeView> read_object(std::string_view frame, EnvelopeScratch& scratch, const JsonLimits& limits) {
  Cursor in(frame, limits);
  Tokens tokens;
  if (!in.take('{')) return failure(Errc::bad_envelope);
  do {
    std::string_view key;
    if (!read_key(in, key)) return failure(Errc::bad_envelope);
    if (const auto error = read_member(in, key, tokens)) return failure(*error);
  } while (in.take(','));
  if (!in.take('}') || !in.at_end()) return failure(Errc::bad_envelope);
  for (const auto required : {ref_field, topic_field, event_field, payload_field}) {
    if (tokens[required].empty()) return failure(Errc::bad_envelope);
  }
  return make_view(tokens, scratch);
}

}  // namespace detail

Result<ReplyView> read_reply(const EnvelopeView& reply, std::string& scratch) {
  using namespace detail;
  if (reply.payload_kind == PayloadKind::binary) {
    if (reply.status.data() == nullptr) return failure(Errc::bad_envelope);  // a binary push or broadcast
    return ReplyView{reply.status, reply.payload, PayloadKind::binary};
  }
  Cursor in(reply.payload, JsonLimits{});
  std::string_view status, response;
  if (!in.take('{') || in.take('}')) return failure(Errc::bad_envelope);
  do {
    std::string_view key, value;
    if (!read_key(in, key) || !in.value(value)) return failure(Errc::bad_envelope);
    const auto name = string_text(key, scratch);
    if (name == "status" && status.empty()) status = value;
    if (name == "response" && response.empty()) response = value;
  } while (in.take(','));
  if (!in.take('}') || !in.at_end() || !is_string_token(status)) return failure(Errc::bad_envelope);
  return ReplyView{string_text(status, scratch), response.empty() ? null_token : response, PayloadKind::json};
}

}  // namespace phx::core
