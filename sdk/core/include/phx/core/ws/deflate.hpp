#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <phx/core/envelope.hpp>
#include <phx/core/error.hpp>
#include <phx/core/ws/frame.hpp>

/// permessage-deflate (RFC 7692): negotiation as functions, compression as machines. zlib stays inside the .cpp.
namespace phx::core::ws {

/// What both sides have agreed on (RFC 7692 7.1).
struct DeflateParams {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  std::uint8_t server_max_window_bits = 15;  ///< 8 to 15, as the next
  std::uint8_t client_max_window_bits = 15;
  bool operator==(const DeflateParams&) const = default;
};

// ---- server ----

struct DeflateAnswer {
  DeflateParams params;
  std::string header;  ///< value of Sec-WebSocket-Extensions
};

/// Answers the first acceptable offer of permessage-deflate in the values of Sec-WebSocket-Extensions (joined by commas); an offer
/// with an unknown, repeated or malformed parameter is passed over, and nullopt means to go on without. What was offered is granted:
/// a valueless client_max_window_bits becomes 15 (server.md 2.1, golden connect/deflate_enabled). Nothing is added, unless the client
/// shall not refer to earlier messages, which a server may ask of any (RFC 7692 7.1.1.2).
std::optional<DeflateAnswer> answer_deflate(std::string_view offers, bool client_context_takeover = true);

// ---- client ----

struct DeflateOffer {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  std::optional<std::uint8_t> server_max_window_bits = std::nullopt;
  std::optional<std::uint8_t> client_max_window_bits = 15;  ///< 15 is offered without a value; unset: the server may not limit us
};

std::string offer_text(const DeflateOffer& offer);

/// One element of the server's answer. nullopt: not permessage-deflate, malformed, or not what was offered (RFC 7692 7.1): the
/// connection must be failed.
std::optional<DeflateParams> read_deflate_answer(std::string_view extension, const DeflateOffer& offer);

// ---- machines ----

/// Compresses messages. Holds up to 270 KiB once used. As long as forget() is not called, messages refer to earlier ones.
class MessageDeflater {
 public:
  explicit MessageDeflater(std::uint8_t window_bits = 15);
  ~MessageDeflater();
  MessageDeflater(MessageDeflater&&) noexcept;
  MessageDeflater& operator=(MessageDeflater&&) noexcept;

  /// The next message refers to no earlier one and fits this window.
  void forget(std::uint8_t window_bits);
  /// Appends the payload of an RSV1 message, without the 00 00 ff ff at its end (RFC 7692 7.2.1).
  void deflate(std::string_view message, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The other direction. Holds about 8 KiB and a window once used. After a final DEFLATE block the context begins anew, as it
/// does in the deflater that wrote it.
class MessageInflater {
 public:
  explicit MessageInflater(std::uint8_t window_bits = 15);
  ~MessageInflater();
  MessageInflater(MessageInflater&&) noexcept;
  MessageInflater& operator=(MessageInflater&&) noexcept;

  void forget() noexcept;
  /// Appends the message in `payload`. Never makes more than max_bytes (and one, to notice). After an error it is of no further use.
  /// Errors: message_too_large, bad_deflate (broken, or ends in the middle of a block).
  Result<void> inflate(std::string_view payload, std::size_t max_bytes, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What all connections of one thread share: machines for those without context takeover, and buffers. Owns nothing until used.
class DeflateContext {
 public:
  /// Fresh machines: they know of no earlier message.
  MessageDeflater& fresh_deflater(std::uint8_t window_bits);
  MessageInflater& fresh_inflater();
  /// Emptied; one user at a time.
  std::string& deflated() noexcept { return emptied(deflated_); }
  std::string& inflated() noexcept { return emptied(inflated_); }

 private:
  static std::string& emptied(std::string& buffer) noexcept;

  std::optional<MessageDeflater> deflater_;
  std::optional<MessageInflater> inflater_;
  std::string deflated_, inflated_;
};

struct DeflateLimits {
  bool context_takeover = true;  ///< our own messages may refer to earlier ones, when negotiated: 270 KiB per connection
  std::size_t max_ratio = 0;     ///< a message that inflates to more times its size is refused; 0: no such limit
};

/// permessage-deflate of one connection. Without context takeover it holds no zlib state; with it each direction gets its own at
/// the first message.
class PerMessageDeflate {
 public:
  /// `shared` is borrowed for life.
  PerMessageDeflate(Role role, const DeflateParams& params, DeflateContext& shared, const DeflateLimits& limits = {});

  /// Payload of an RSV1 message; borrowed until the next deflate() of anybody with the same context.
  std::string_view deflate(std::string_view message);

  /// What a compressed message says; borrowed until the next inflate() of anybody with the same context.
  /// Errors: message_too_large, bad_deflate, invalid_utf8 (text).
  Result<std::string_view> inflate(Opcode op, std::string_view payload, std::size_t max_bytes);

  /// Connections with the same number may be sent the same bytes. 0: this one may not, its messages refer to earlier ones.
  std::uint8_t shared_window_bits() const noexcept { return keeps_outgoing_ ? std::uint8_t{0} : outgoing_bits_; }
  /// Holds zlib state of its own.
  bool holds_context() const noexcept { return deflater_ || inflater_; }

 private:
  DeflateContext* shared_;
  std::optional<MessageDeflater> deflater_;
  std::optional<MessageInflater> inflater_;
  std::size_t max_ratio_;
  std::uint8_t outgoing_bits_, incoming_bits_;
  bool keeps_outgoing_, keeps_incoming_;
};

}  // namespace phx::core::ws
