#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace phx::server {

/// What an Origin header names. The port is the scheme's default when none was written; host empty for `null`, `file://`.
struct OriginUri {
  std::string scheme;
  std::string host;
  std::optional<std::uint16_t> port;
};
OriginUri parse_origin(std::string_view text);

/// The request an origin is compared with.
struct OriginTarget {
  std::string_view endpoint_host;  ///< the endpoint's configured url host
  std::string_view scheme, host;   ///< of this request
  std::uint16_t port = 0;
};

/// `check_origin` in its five forms (server.md 1.5). Each option value is its own policy, so mounts never share one (A7 115).
class CheckOrigin {
 public:
  using Function = std::function<bool(const OriginUri&)>;

  static CheckOrigin off() { return CheckOrigin{Off{}}; }                     ///< `false`
  static CheckOrigin endpoint_host() { return CheckOrigin{EndpointHost{}}; }  ///< `true`
  static CheckOrigin same_as_request() { return CheckOrigin{Same{}}; }        ///< `conn`
  /// Entries `//host`, `https://host`, `//host:81`, `//*.ex.com`. Throws std::invalid_argument for an entry without a host.
  static CheckOrigin list(const std::vector<std::string>& entries);
  static CheckOrigin function(Function f) { return CheckOrigin{std::move(f)}; }

  bool is_off() const noexcept { return std::holds_alternative<Off>(rule_); }
  /// origin: first Origin header; none is allowed by every form.
  bool allows(std::optional<std::string_view> origin, const OriginTarget& target) const;

 private:
  struct Off {};
  struct EndpointHost {};
  struct Same {};
  using Rule = std::variant<Off, EndpointHost, Same, std::vector<OriginUri>, Function>;
  explicit CheckOrigin(Rule rule) : rule_(std::move(rule)) {}
  Rule rule_;
};

}  // namespace phx::server
