#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include <phx/core/envelope.hpp>

namespace phx::parity {

/// JSON text of a string, of an optional ref or code, of a payload (bytes become {"$binary": base64}).
std::string quote(std::string_view text);
std::string payload_json(core::PayloadKind kind, std::string_view payload);

/// What a client did, one JSON array per event: [ms, kind, details...]. The twin is Game.log in phoenix_player.mjs.
class Log {
 public:
  /// `details` are JSON texts.
  void add(std::int64_t ms, std::string_view kind, std::initializer_list<std::string> details = {});
  /// The whole log as a JSON array.
  std::string text() const { return "[" + entries_ + "]"; }

 private:
  std::string entries_;
};

}  // namespace phx::parity
