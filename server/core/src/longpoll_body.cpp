#include "longpoll_body.hpp"

#include <utility>

#include <phx/core/base64.hpp>
#include <phx/server/conn.hpp>

namespace phx::server::detail {

namespace {
constexpr std::size_t max_entries = 100;
constexpr std::size_t max_base64 = 10'000'000;
}  // namespace

std::optional<LongPollEntry> LongPollBody::next() {
  if (ended_ || taken_ == max_entries) return std::nullopt;
  ++taken_;
  if (!ndjson_) {
    ended_ = true;
    return LongPollEntry{core::Opcode::text, std::move(body_)};
  }
  const auto line = next_line();
  if (line.starts_with('[')) return LongPollEntry{core::Opcode::text, std::string(line)};
  if (line.size() > max_base64) throw HttpError(400, "long-poll message beyond the limit");
  auto bytes = core::base64_decode(line);
  if (!bytes) throw HttpError(500, "long-poll message is neither a V2 array nor base64");
  return LongPollEntry{core::Opcode::binary, std::move(*bytes)};
}

/// Up to "\n" or "\r\n"; a body that ends with one has an empty last line (golden trailing_newline).
std::string_view LongPollBody::next_line() {
  const auto end = body_.find('\n', at_);
  auto line = std::string_view(body_).substr(at_, end == std::string::npos ? end : end - at_);
  if (end == std::string::npos)
    ended_ = true;
  else if (line.ends_with('\r'))
    line.remove_suffix(1);
  at_ = end + 1;
  return line;
}

}  // namespace phx::server::detail
