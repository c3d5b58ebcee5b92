// Logs of stored pushes: what is read can be written again and reads the same; a torn log reads as a part of the whole one.
#include <cstdint>
#include <string>
#include <string_view>

#include <phx/core/client/push_log.hpp>

#include "invariant.hpp"

using namespace phx::core;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto log = read_push_log(bytes, {.max_record = 1 << 20, .max_pushes = 1000});
  if (!log) return 0;
  PHX_INVARIANT(log->valid_bytes <= size);
  std::string again(push_log_head);
  for (const StoredPush& push : log->pushes) append_put(again, push);
  PHX_INVARIANT(again.size() == log->live_bytes);
  const auto second = read_push_log(again);
  PHX_INVARIANT(second && second->pushes == log->pushes && second->valid_bytes == again.size());
  // A log that grows after recovery: the new record is read.
  std::string grown(bytes.substr(0, log->valid_bytes));
  if (grown.empty()) grown = push_log_head;
  append_put(grown, {.id = "fuzz-new", .topic = "t", .event = "e", .payload = "{}"});
  const auto third = read_push_log(grown);
  PHX_INVARIANT(third && !third->pushes.empty() && third->pushes.back().id == "fuzz-new");
  return 0;
}
