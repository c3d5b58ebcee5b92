#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/envelope.hpp>
#include <phx/core/error.hpp>

namespace phx::core {

/// A push that must outlive the process.
struct StoredPush {
  std::string id;  ///< unique in its store
  std::string topic;
  std::string event;
  std::string payload;  ///< raw JSON, or bytes
  PayloadKind kind = PayloadKind::json;
  std::int64_t until = 0;  ///< milliseconds since 1970: given up then
  bool operator==(const StoredPush&) const = default;
};

struct PushLogLimits {
  std::size_t max_record = std::size_t{64} << 20;
  std::size_t max_pushes = 100'000;
};

/// The pushes that a log holds.
struct PushLog {
  std::vector<StoredPush> pushes;  ///< put and not removed, in the order of their puts
  std::size_t valid_bytes = 0;     ///< what follows is torn: a record that was being written when the machine stopped
  std::size_t live_bytes = 0;      ///< what a log of `pushes` alone would have
};

/// A log is this line, then records: length of the body and CRC-32 of it (4 bytes each, little-endian), the body.
inline constexpr std::string_view push_log_head = "phxkit push log 1\n";

/// Writes a record at the end. A put with an id that is there already takes its place, in its turn.
void append_put(std::string& log, const StoredPush& push);
void append_remove(std::string& log, std::string_view id);
/// Bytes of the record that append_put would write.
std::size_t put_size(const StoredPush& push) noexcept;

/// Reads up to the first record that is not whole and sound. Errors: bad_envelope when it does not begin like a log (an empty or half
/// first line is a new log), message_too_large above the limits.
Result<PushLog> read_push_log(std::string_view bytes, const PushLogLimits& limits = {});

}  // namespace phx::core
