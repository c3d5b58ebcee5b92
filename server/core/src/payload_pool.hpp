#pragma once

#include <cstddef>
#include <string_view>

#include <phx/server/payload.hpp>

namespace phx::server {

/// Makes payloads of received bytes without allocating, as long as handlers do not keep them. One shard's.
class PayloadPool {
 public:
  PayloadPool() = default;
  PayloadPool(const PayloadPool&) = delete;
  PayloadPool& operator=(const PayloadPool&) = delete;

  Payload take(PayloadKind kind, std::string_view bytes);
  /// The call is over; the buffer is used again unless somebody keeps the payload.
  void give_back(Payload payload);

 private:
  static constexpr std::size_t keep_bytes = 64 * 1024;
  Payload spare_;
};

}  // namespace phx::server
