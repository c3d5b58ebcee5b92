#pragma once

#include <memory>
#include <string_view>

#include <phx/core/json_fwd.hpp>

namespace phx::server {

/// Values an application keeps with a socket. Shared until changed: the channels of a socket start with the socket's own.
class Assigns {
 public:
  const Json& all() const noexcept;  ///< an object
  /// Null when absent.
  const Json* find(std::string_view key) const noexcept;
  /// Throws std::out_of_range when absent.
  const Json& at(std::string_view key) const;
  void set(std::string_view key, Json value);
  void merge(const Json& object);

 private:
  Json& own();
  std::shared_ptr<Json> values_;
};

}  // namespace phx::server
