#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <phx/core/error.hpp>

#include <phx/server/tracker_state.hpp>

namespace phx::server {

/// "I am here, this changed, this is how far I know everybody." To all.
struct TrackerHeartbeat {
  ReplicaRef from;
  Clocks clocks;
  std::shared_ptr<const TrackerDelta> delta;  ///< may be null
};

/// "You know more than I do." To one.
struct TransferRequest {
  ReplicaRef from;
  std::uint64_t id = 0;
  Clocks clocks;
};

/// The answer. data: never null; a delta or a whole state.
struct TransferAck {
  ReplicaRef from;
  std::uint64_t id = 0;
  std::shared_ptr<const TrackerDelta> data;
};

/// "I stop for good." To all.
struct GracefulPermdown {
  ReplicaRef from;
};

using TrackerMessage = std::variant<TrackerHeartbeat, TransferRequest, TransferAck, GracefulPermdown>;

const ReplicaRef& sender_of(const TrackerMessage& message) noexcept;

struct TrackerMessageLimits {
  std::size_t max_bytes = 64 << 20;
  std::size_t max_terms = 2'000'000;  ///< some 60 bytes of memory each while decoding; a presence takes five
};

/// Bytes for any carrier between nodes: one term of the external term format (so an Erlang shell can read a capture), versioned.
///
///   message   {1, 1, name, vsn, clocks, delta | nil}    heartbeat
///             {1, 2, name, vsn, id, clocks}             transfer request
///             {1, 3, name, vsn, id, delta}              transfer acknowledgement
///             {1, 4, name, vsn}                         graceful permdown
///   clocks    [{name, vsn, clock}, ...]
///   delta     {whole: true | false, [part, ...]}
///   part      {name, vsn, context, {start, end} | nil, [first, last, ...], [tick, actor, topic, key, meta, ...]}
///
/// Replicas and ticks ascend, runs of ticks have gaps between them, every value's tick is covered, metas are objects as JSON text.
/// Throws std::invalid_argument for a meta with no JSON form.
std::string encode_tracker_message(const TrackerMessage& message);

/// Takes only what encode_tracker_message writes. Errors: message_too_large (beyond the limits), bad_json (a meta), bad_envelope.
Result<TrackerMessage> decode_tracker_message(std::string_view bytes, const TrackerMessageLimits& limits = {});

}  // namespace phx::server
