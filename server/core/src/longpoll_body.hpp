#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <phx/core/envelope.hpp>

namespace phx::server::detail {

struct LongPollEntry {
  core::Opcode op;
  std::string bytes;
};

/// The messages of a POST body, one after the other (server.md 3.3): an entry that cannot be read spoils what follows, not what
/// went before.
class LongPollBody {
 public:
  LongPollBody(std::string body, bool ndjson) : body_(std::move(body)), ndjson_(ndjson) {}

  /// nullopt: no more. Throws HttpError: 400 for base64 that is too long, 500 for what is none.
  std::optional<LongPollEntry> next();

 private:
  std::string_view next_line();

  std::string body_;
  std::size_t at_ = 0;
  std::size_t taken_ = 0;
  bool ndjson_;
  bool ended_ = false;
};

}  // namespace phx::server::detail
