#pragma once

#include <cstdint>

/// Close codes of RFC 6455 section 7.4 and the IANA registry, as far as Phoenix and its clients use them.
namespace phx::core::ws::close_code {

inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t no_status = 1005;  // never on the wire: the close frame had no code
inline constexpr std::uint16_t abnormal = 1006;   // never on the wire: there was no close frame
inline constexpr std::uint16_t invalid_payload = 1007;
inline constexpr std::uint16_t policy_violation = 1008;
inline constexpr std::uint16_t message_too_big = 1009;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t service_restart = 1012;
inline constexpr std::uint16_t try_again_later = 1013;
inline constexpr std::uint16_t session_gone = 3410;  // ours: a long-poll session that the server has forgotten (status 410)

}  // namespace phx::core::ws::close_code
