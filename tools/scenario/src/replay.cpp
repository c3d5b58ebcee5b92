#include <phx/scenario/replay.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <phx/core/base64.hpp>
#include <phx/scenario/mask.hpp>

#include "live_refs.hpp"

namespace phx::scenario {

namespace {

bool ends_channel(const CaptureEvent& e) { return e.event == "phx_close" || e.event == "phx_error"; }

std::uint64_t first_with_frames(const Capture& capture) {
  const auto first = std::ranges::find(capture.events, CaptureKind::frame, &CaptureEvent::kind);
  return first == capture.events.end() ? 0 : first->c;
}

}  // namespace

ReplayCore::ReplayCore(const Capture& capture, ReplayOptions options) : options_(std::move(options)) {
  if (options_.connection == 0) options_.connection = first_with_frames(capture);
  connection_ = CaptureConnections(capture).of(options_.connection);
  serializer_ = &serializer_for(connection_.vsn);
  LiveRefs refs(*serializer_);
  for (CaptureEvent e : capture.events) {
    if (e.kind != CaptureKind::frame || e.c != options_.connection) continue;
    describe_frame(e, *serializer_);
    if (e.direction == Direction::to_server)
      refs.rewrite_sent(e);
    else if (e.event)
      refs.rewrite_expected(e);
    else
      continue;
    events_.push_back(std::move(e));
  }
  if (events_.empty())
    throw std::invalid_argument(options_.connection == 0
                                    ? "the capture has no frames"
                                    : "the capture has no frames of connection " + std::to_string(options_.connection));
}

void ReplayCore::start(Instant now, ReplayEffects& out) {
  started_ = now;
  advance(now, out);
}

void ReplayCore::on_frame(core::Opcode op, std::string_view bytes, Instant now, ReplayEffects& out) {
  if (done_) return;
  CaptureEvent e;
  e.direction = Direction::to_client;
  e.op = op;
  e.raw = bytes;
  describe_frame(e, *serializer_);
  received_.push_back(std::move(e));
  advance(now, out);
}

void ReplayCore::on_closed(Instant now, ReplayEffects& out) {
  closed_ = true;
  advance(now, out);
}

void ReplayCore::on_deadline(Instant now, ReplayEffects& out) {
  if (done_ || !deadline_ || now < *deadline_) return;
  const CaptureEvent& e = events_[next_];
  if (e.direction == Direction::to_client) {
    differ(e, "never came", value_of(e), nullptr);
    ++next_;
    deadline_.reset();
  }
  advance(now, out);
}

void ReplayCore::advance(Instant now, ReplayEffects& out) {
  while (!done_ && next_ < events_.size()) {
    const CaptureEvent& e = events_[next_];
    if (e.direction == Direction::to_server) {
      const Instant due = options_.recorded_pace ? started_ + std::chrono::nanoseconds(e.t - events_.front().t) : now;
      if (due > now && !closed_) {
        deadline_ = due;
        return;
      }
      if (closed_)
        differ(e, "not sent: the server closed the connection", nullptr, nullptr);
      else
        out.emplace_back(ReplaySend{e.op, e.raw}), ++sent_;
    } else if (!take(e)) {
      if (!closed_) {
        if (!deadline_) deadline_ = now + options_.timeout;
        return;
      }
      differ(e, "never came", value_of(e), nullptr);
    }
    ++next_;
    deadline_.reset();
  }
  if (!done_) finish(out);
}

bool ReplayCore::take(const CaptureEvent& expected) {
  const auto found = std::ranges::find_if(received_, [&](const CaptureEvent& actual) { return fits(expected, actual); });
  if (found == received_.end()) return false;
  compare(expected, *found);
  received_.erase(found);
  return true;
}

bool ReplayCore::fits(const CaptureEvent& expected, const CaptureEvent& actual) const {
  if (expected.topic != actual.topic || expected.event != actual.event) return false;
  const bool of_a_join = expected.join_ref && *expected.join_ref != core::null_token;
  if (of_a_join && expected.join_ref != actual.join_ref) return false;  // V2: an earlier or later join of this topic
  return expected.event != "phx_reply" || expected.ref == actual.ref;
}

void ReplayCore::compare(const CaptureEvent& expected, const CaptureEvent& actual) {
  ++compared_;
  const Json want = value_of(expected), got = value_of(actual);
  if (!same(want, got)) differ(expected, "differs", want, got);
}

Json ReplayCore::value_of(const CaptureEvent& frame) const {
  const auto payload = frame_payload(frame, *serializer_);
  Json value;
  if (payload && payload->kind == core::PayloadKind::binary)
    value = obj("$binary", core::base64_encode(payload->text));
  else if (payload)
    value = parse_json(payload->text).value_or(Json(payload->text));
  return frame.status ? obj("status", *frame.status, "response", std::move(value)) : value;
}

bool ReplayCore::same(const Json& expected, const Json& actual) const {
  if (expected.is_string() && expected.get_ref<const std::string&>() == masked_text) return true;
  if (expected.is_array() && actual.is_array())
    return std::ranges::equal(expected, actual, [this](const Json& a, const Json& b) { return same(a, b); });
  if (!expected.is_object() || !actual.is_object()) return expected == actual;
  const auto counts = [this](const std::string& key) { return std::ranges::find(options_.ignore, key) == options_.ignore.end(); };
  for (const auto& [key, value] : actual.items())
    if (counts(key) && !expected.contains(key)) return false;
  for (const auto& [key, value] : expected.items()) {
    if (!counts(key)) continue;
    const auto other = actual.find(key);
    if (other == actual.end() || !same(value, *other)) return false;
  }
  return true;
}

void ReplayCore::differ(const CaptureEvent& at, const char* what, Json expected, Json actual) {
  differences_.push_back(obj("t", static_cast<double>(at.t) / 1e9, "topic", at.topic.value_or(""), "event", at.event.value_or(""), "what",
                             what, "expected", std::move(expected), "actual", std::move(actual)));
}

void ReplayCore::finish(ReplayEffects& out) {
  done_ = true;
  deadline_.reset();
  for (const CaptureEvent& extra : received_)
    if (!ends_channel(extra)) differ(extra, "not in the capture", nullptr, value_of(extra));
  out.emplace_back(ReplayDone{});
}

}  // namespace phx::scenario
