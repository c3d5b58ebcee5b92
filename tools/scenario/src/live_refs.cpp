#include "live_refs.hpp"

namespace phx::scenario {

namespace {

std::string known(const std::map<std::string, std::string, std::less<>>& map, const std::string& recorded) {
  const auto found = map.find(recorded);
  return found == map.end() ? recorded : found->second;
}

}  // namespace

std::string LiveRefs::next_like(std::string_view recorded) {
  if (recorded == core::null_token) return std::string(recorded);
  const std::string number = std::to_string(++count_);
  return recorded.starts_with('"') ? '"' + number + '"' : number;
}

std::string LiveRefs::join_ref_of(const core::EnvelopeView& in, const std::string& ref) {
  if (!in.has_join_ref() || in.join_ref == in.ref) return in.has_join_ref() ? ref : std::string(in.join_ref);
  const std::string recorded(in.join_ref);
  if (const auto join = joins_.find(recorded); join != joins_.end() && in.event != "phx_join") return join->second;
  return joins_[recorded] = next_like(recorded);
}

void LiveRefs::rewrite_sent(CaptureEvent& frame) {
  core::EnvelopeScratch scratch;
  const auto in = serializer_->decode_client(frame.op, frame.raw, scratch);
  if (!in || !in->topic_is_string || !in->event_is_string) return;
  const std::string ref = next_like(in->ref);
  const std::string join_ref = join_ref_of(*in, ref);
  refs_[std::string(in->ref)] = ref;
  if (in->event == "phx_join") joins_[std::string(in->has_join_ref() ? in->join_ref : in->ref)] = in->has_join_ref() ? join_ref : ref;
  core::MessageView out{.join_ref = join_ref, .ref = ref, .topic = in->topic, .event = in->event, .status = {}, .payload = in->payload};
  out.payload_kind = in->payload_kind;
  std::string text;
  if (!serializer_->encode(out, text)) return;
  frame.ref = ref;
  frame.join_ref = join_ref;
  frame.raw = std::move(text);
}

void LiveRefs::rewrite_expected(CaptureEvent& frame) const {
  if (frame.ref) frame.ref = frame.event == "phx_reply" ? known(refs_, *frame.ref) : known(joins_, *frame.ref);
  if (frame.join_ref) frame.join_ref = known(joins_, *frame.join_ref);
}

}  // namespace phx::scenario
