#include "remedies.hpp"

#include <boost/asio/error.hpp>

#include <phx/core/error.hpp>

#include <algorithm>
#include <array>

namespace phx::cli::remedies {
namespace {

bool is_name_error(std::error_code code) {
  const std::error_code not_found = boost::system::error_code(boost::asio::error::host_not_found);
  const std::error_code no_service = boost::system::error_code(boost::asio::error::service_not_found);
  return code.category() == not_found.category() || code.category() == no_service.category();
}

bool is_tcp_error(std::error_code code) {
  constexpr std::array errors = {std::errc::connection_refused,  std::errc::connection_reset, std::errc::host_unreachable,
                                 std::errc::network_unreachable, std::errc::network_down,     std::errc::timed_out};
  return std::ranges::any_of(errors, [&](std::errc e) { return code == e; });
}

bool is_foreign_answer(std::error_code code) {
  constexpr std::array errors = {Errc::handshake_invalid, Errc::bad_request, Errc::header_too_large};
  return std::ranges::any_of(errors, [&](Errc e) { return code == e; });
}

}  // namespace

std::string_view of_status(int status) {
  if (status == 404) return "no socket at this path: compare it with `socket` in the endpoint; phx adds /websocket or /longpoll itself";
  if (status == 401 || status == 403)
    return "the socket's connect/3 refused (check --params, --token-file, --auth-token-file), or check_origin refused an Origin header";
  if (status == 400 || status == 426)
    return "something in between drops the Upgrade header: let the proxy or load balancer pass WebSockets on";
  if (status >= 500) return "the server, or what stands before it, is broken: look at its log";
  return "this is no Phoenix socket: check the URL";
}

std::string_view of(std::error_code code, int http_status) {
  if (http_status != 0) return of_status(http_status);
  if (is_name_error(code)) return name;
  if (is_tcp_error(code)) return tcp;
  if (code == Errc::tls_failed) return tls;
  if (code == Errc::proxy_failed) return proxy;
  if (is_foreign_answer(code)) return no_websocket;
  if (code == Errc::connection_closed) return "phx doctor with the same URL finds out where it breaks";  // long-poll: also a name or TCP
  return {};
}

std::string line(const std::string& message, std::error_code code, int http_status) {
  const std::string_view what_to_do = of(code, http_status);
  return what_to_do.empty() ? message : message + "; " + std::string(what_to_do);
}

}  // namespace phx::cli::remedies
