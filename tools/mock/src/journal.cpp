#include <phx/mock/journal.hpp>

#include <algorithm>

#include <phx/core/base64.hpp>
#include <phx/scenario/glob.hpp>
#include <phx/scenario/mask.hpp>

namespace phx::mock {

using scenario::Direction;

namespace {
constexpr std::size_t max_entries = 100'000;

std::string text_of(const Json& entry, const char* key) {
  const auto found = entry.find(key);
  return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Json payload_json(const scenario::CaptureEvent& e, const core::Serializer& serializer) {
  const auto payload = scenario::frame_payload(e, serializer);
  if (!payload) return nullptr;
  if (payload->kind == core::PayloadKind::binary) return obj("$binary", core::base64_encode(payload->text));
  return parse_json(scenario::mask_text(payload->text)).value_or(Json());
}

bool fits(const JournalQuery& q, const Json& entry) {
  if (q.client && entry["c"] != *q.client) return false;
  if (q.direction && text_of(entry, "d") != (*q.direction == Direction::to_client ? "in" : "out")) return false;
  if (q.topic != "*" && !scenario::glob_match(q.topic, text_of(entry, "topic"))) return false;
  if (q.event != "*" && !scenario::glob_match(q.event, text_of(entry, "event"))) return false;
  return q.payload.is_any() || (entry.contains("payload") && q.payload.matches(entry["payload"]));
}

}  // namespace

void Journal::expect(std::vector<MockExpectation> expectations) {
  const std::lock_guard lock(mutex_);
  expectations_.clear();
  for (auto& e : expectations) expectations_.emplace_back(std::move(e), 0);
}

void Journal::reset() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  opened_ = received_ = sent_ = faults_ = unexpected_ = 0;
  for (auto& [expectation, met] : expectations_) met = 0;
}

void Journal::add(std::uint64_t c, const char* kind, Instant now, Json more) {
  more["t"] = static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(now - start_).count()) / 1e6;
  if (c != 0) more["c"] = c;
  more["k"] = kind;
  more["n"] = ++last_;
  entries_.push_back(std::move(more));
  if (entries_.size() > max_entries) entries_.pop_front();
}

void Journal::meet(const Json& entry) {
  for (auto& [e, met] : expectations_) met += fits({.client = {}, .topic = e.topic, .event = e.event, .payload = e.payload}, entry) ? 1 : 0;
}

std::vector<Json> Journal::entries(const JournalQuery& query, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<Json> out;
  for (const Json& entry : entries_) {
    if (out.size() == limit) break;
    if (entry["n"] > query.since && fits(query, entry)) out.push_back(entry);
  }
  return out;
}

std::vector<std::string> Journal::unmet() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [e, met] : expectations_)
    if (met < e.count) out.push_back("line " + std::to_string(e.line) + ": expected " + e.text() + ", came " + std::to_string(met));
  return out;
}

Json Journal::summary() const {
  Json unmet_list = unmet();
  const std::lock_guard lock(mutex_);
  return obj("clients", opened_, "received", received_, "sent", sent_, "faults", faults_, "unexpected", unexpected_, "expectations",
             obj("met", expectations_.size() - unmet_list.size(), "unmet", std::move(unmet_list)));
}

void Journal::unexpected(std::string_view topic, std::string_view event, std::string_view why, Instant now) {
  const std::lock_guard lock(mutex_);
  ++unexpected_;
  add(0, "unexpected", now, obj("topic", topic, "event", event, "text", why));
}

void Journal::note(std::string_view what, Instant now) {
  const std::lock_guard lock(mutex_);
  add(0, "note", now, obj("text", what));
}

void Journal::on_open(std::uint64_t c, std::string_view target, bool websocket, Instant now) {
  if (!websocket) return;
  const std::lock_guard lock(mutex_);
  ++opened_;
  add(c, "open", now, obj("text", scenario::mask_url(target)));
}

void Journal::on_message(std::uint64_t c, Direction direction, core::Opcode op, std::string_view bytes, std::string_view vsn, Instant now) {
  scenario::CaptureEvent e;
  e.direction = direction;
  e.op = op;
  e.raw = bytes;
  const auto& serializer = scenario::serializer_for(vsn);
  describe_frame(e, serializer);
  Json entry = obj("d", direction == Direction::to_client ? "in" : "out");
  if (e.topic) {
    entry["topic"] = *e.topic;
    entry["event"] = *e.event;
    entry["join_ref"] = parse_json(*e.join_ref).value_or(Json());
    entry["ref"] = parse_json(*e.ref).value_or(Json());
    entry["payload"] = payload_json(e, serializer);
    if (e.status) entry["status"] = *e.status;
  } else {
    entry["bytes"] = bytes.size();
  }
  const std::lock_guard lock(mutex_);
  if (direction == Direction::to_server) {
    ++received_;
    meet(entry);
  } else {
    ++sent_;
  }
  add(c, "frame", now, std::move(entry));
}

void Journal::on_close(std::uint64_t c, std::optional<Direction> by, int code, std::string_view reason, Instant now) {
  const std::lock_guard lock(mutex_);
  Json entry = obj("code", code, "text", reason);
  if (by) entry["d"] = *by == Direction::to_client ? "in" : "out";
  add(c, "close", now, std::move(entry));
}

void Journal::on_http(std::uint64_t c, Direction direction, std::string_view method, std::string_view target, std::optional<int> status,
                      std::string_view body, Instant now) {
  if (target.starts_with("/__mock")) return;
  const std::lock_guard lock(mutex_);
  Json entry = obj("d", direction == Direction::to_client ? "in" : "out", "method", method, "path", scenario::mask_url(target), "bytes",
                   body.size());
  if (status) entry["code"] = *status;
  add(c, "http", now, std::move(entry));
}

void Journal::on_error(std::uint64_t c, std::string_view what, Instant now) {
  const std::lock_guard lock(mutex_);
  add(c, "error", now, obj("text", what));
}

void Journal::on_fault(std::uint64_t c, std::string_view what, Instant now) {
  const std::lock_guard lock(mutex_);
  ++faults_;
  add(c, "fault", now, obj("text", what));
}

}  // namespace phx::mock
