#include <phx/core/client/push_log.hpp>

#include <boost/crc.hpp>

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace phx::core {
namespace {

constexpr std::size_t record_head = 8;
constexpr char put_record = 1;
constexpr char remove_record = 2;

void append_number(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

void append_field(std::string& out, std::string_view field) {
  append_number(out, field.size(), 4);
  out += field;
}

std::uint32_t crc_of(std::string_view body) {
  boost::crc_32_type crc;
  crc.process_bytes(body.data(), body.size());
  return crc.checksum();
}

void append_record(std::string& log, std::string_view body) {
  append_number(log, body.size(), 4);
  append_number(log, crc_of(body), 4);
  log += body;
}

/// Takes from the front of a view; after the first failure everything is empty and `good` false.
struct Reader {
  std::string_view rest;
  bool good = true;

  std::uint64_t number(std::size_t bytes) {
    const std::string_view text = take(bytes);
    std::uint64_t value = 0;
    for (std::size_t i = text.size(); i > 0; --i) value = value << 8 | static_cast<unsigned char>(text[i - 1]);
    return value;
  }
  std::string field() { return std::string(take(number(4))); }
  std::string_view take(std::size_t n) {
    good = good && n <= rest.size();
    if (!good) return {};
    const std::string_view taken = rest.substr(0, n);
    rest.remove_prefix(n);
    return taken;
  }
  bool done() const { return good && rest.empty(); }
};

/// Pushes by id; removed ones leave a hole until the end.
class Contents {
 public:
  explicit Contents(std::size_t limit) : limit_(limit) {}

  /// False when the record is not of a known shape.
  bool apply(std::string_view body) {
    Reader in{body};
    const auto type = static_cast<char>(in.number(1));
    if (type == remove_record) {
      const std::string id = in.field();
      if (in.done()) remove(id);
      return in.done();
    }
    StoredPush push;
    const auto kind = in.number(1);
    push.kind = kind == 0 ? PayloadKind::json : PayloadKind::binary;
    push.until = static_cast<std::int64_t>(in.number(8));
    push.id = in.field();
    push.topic = in.field();
    push.event = in.field();
    push.payload = in.field();
    if (type != put_record || kind > 1 || !in.done()) return false;
    put(std::move(push));
    return true;
  }
  bool full() const { return index_.size() > limit_; }
  std::vector<StoredPush> take() {
    std::vector<StoredPush> out;
    for (auto& push : pushes_)
      if (push) out.push_back(std::move(*push));
    return out;
  }

 private:
  void put(StoredPush push) {
    remove(push.id);
    index_[push.id] = pushes_.size();
    pushes_.emplace_back(std::move(push));
  }
  void remove(const std::string& id) {
    const auto node = index_.extract(id);
    if (node) pushes_[node.mapped()].reset();
  }

  std::size_t limit_;
  std::vector<std::optional<StoredPush>> pushes_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace

void append_put(std::string& log, const StoredPush& push) {
  std::string body;
  body += put_record;
  body += push.kind == PayloadKind::json ? '\0' : '\1';
  append_number(body, static_cast<std::uint64_t>(push.until), 8);
  for (const std::string* field : {&push.id, &push.topic, &push.event, &push.payload}) append_field(body, *field);
  append_record(log, body);
}

void append_remove(std::string& log, std::string_view id) {
  std::string body;
  body += remove_record;
  append_field(body, id);
  append_record(log, body);
}

std::size_t put_size(const StoredPush& push) noexcept {
  return record_head + 2 + 8 + 4 * 4 + push.id.size() + push.topic.size() + push.event.size() + push.payload.size();
}

Result<PushLog> read_push_log(std::string_view bytes, const PushLogLimits& limits) {
  PushLog log;
  const std::string_view head = bytes.substr(0, push_log_head.size());
  if (!push_log_head.starts_with(head)) return failure(Errc::bad_envelope);
  log.live_bytes = push_log_head.size();
  if (head.size() < push_log_head.size()) return log;
  Contents contents(limits.max_pushes);
  Reader in{bytes.substr(head.size())};
  log.valid_bytes = head.size();
  while (!in.rest.empty()) {
    const auto size = static_cast<std::size_t>(in.number(4));
    const auto crc = static_cast<std::uint32_t>(in.number(4));
    const std::string_view body = in.take(size);
    if (!in.good || crc_of(body) != crc || !contents.apply(body)) break;
    if (size > limits.max_record || contents.full()) return failure(Errc::message_too_large);
    log.valid_bytes += record_head + size;
  }
  log.pushes = contents.take();
  for (const StoredPush& push : log.pushes) log.live_bytes += put_size(push);
  return log;
}

}  // namespace phx::core
