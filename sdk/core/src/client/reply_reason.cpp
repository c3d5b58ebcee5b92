#include "client/reply_reason.hpp"

#include <phx/core/json.hpp>

namespace phx::core {

bool says_unmatched_topic(const ReplyView& reply) {
  constexpr std::size_t longest = 64;  // {"reason":"unmatched topic"} and some white space: nothing else is worth parsing
  if (reply.status != "error" || reply.kind != PayloadKind::json || reply.response.size() > longest) return false;
  const Result<Json> response = parse_json(reply.response);
  if (!response || !response->is_object()) return false;
  const auto reason = response->find("reason");
  return reason != response->end() && *reason == "unmatched topic";
}

}  // namespace phx::core
