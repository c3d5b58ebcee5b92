#include <phx/server/payload.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include <phx/core/json.hpp>

#include "payload_pool.hpp"

namespace phx::server {

struct Payload::Buffer {
  std::atomic<std::uint32_t> refs{1};
  PayloadKind kind = PayloadKind::json;
  std::string text;
  std::atomic<const Json*> json{nullptr};

  Buffer() = default;
  Buffer(PayloadKind k, std::string t) : kind(k), text(std::move(t)) {}
  ~Buffer() { delete json.load(std::memory_order_relaxed); }
  void reset(PayloadKind k, std::string_view t) {
    delete json.exchange(nullptr, std::memory_order_relaxed);
    kind = k;
    text.assign(t);
  }
};

namespace {

const Json& empty_object() {
  static const Json object = Json::object();
  return object;
}

std::unique_ptr<Json> read(PayloadKind kind, const std::string& text) {
  if (kind == PayloadKind::binary) return std::make_unique<Json>(Json::binary({text.begin(), text.end()}));
  auto parsed = parse_json(text);
  if (!parsed) throw std::invalid_argument("payload is not JSON");
  return std::make_unique<Json>(std::move(*parsed));
}

}  // namespace

Payload::Payload(const Json& value) {
  if (value.is_binary()) {
    const auto& bytes = value.get_binary();
    buffer_ = new Buffer(PayloadKind::binary, std::string(bytes.begin(), bytes.end()));
  } else {
    buffer_ = new Buffer(PayloadKind::json, to_json_text(value));
  }
}

Payload::Payload(const Payload& other) noexcept : buffer_(other.buffer_) {
  if (buffer_) buffer_->refs.fetch_add(1, std::memory_order_relaxed);
}

Payload::~Payload() {
  if (buffer_ && buffer_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) delete buffer_;
}

Payload Payload::binary(std::string_view bytes) { return Payload(new Buffer(PayloadKind::binary, std::string(bytes))); }
Payload Payload::raw_json(std::string_view text) { return Payload(new Buffer(PayloadKind::json, std::string(text))); }

bool Payload::is_binary() const noexcept { return buffer_ && buffer_->kind == PayloadKind::binary; }
std::string_view Payload::raw() const noexcept { return buffer_ ? std::string_view(buffer_->text) : std::string_view("{}"); }

const Json& Payload::json() const {
  if (!buffer_) return empty_object();
  if (const Json* known = buffer_->json.load(std::memory_order_acquire)) return *known;
  auto mine = read(buffer_->kind, buffer_->text);
  const Json* first = nullptr;
  if (buffer_->json.compare_exchange_strong(first, mine.get(), std::memory_order_acq_rel)) return *mine.release();
  return *first;  // another thread was quicker
}

bool Payload::is_message() const noexcept {
  if (is_binary()) return true;
  const auto text = raw();
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

Payload PayloadPool::take(PayloadKind kind, std::string_view bytes) {
  if (!spare_.buffer_) return Payload(new Payload::Buffer(kind, std::string(bytes)));
  spare_.buffer_->reset(kind, bytes);
  return std::move(spare_);
}

void PayloadPool::give_back(Payload payload) {
  auto* buffer = payload.buffer_;
  if (!buffer || buffer->refs.load(std::memory_order_acquire) != 1 || buffer->text.capacity() > keep_bytes) return;
  spare_ = std::move(payload);
}

}  // namespace phx::server
