#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/core/json.hpp>

#include "conformance/host.hpp"

namespace phx::conformance {

struct HttpAnswer {
  std::string version, reason, body;
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case

  const std::string* header(std::string_view name) const;
};

/// Request line and headers, exactly as given.
std::string write_head(std::string_view method, std::string_view path, const Json& headers);

/// Reads one answer; `rest` gets what followed it. Throws std::runtime_error when none comes within `wait`.
/// bodiless: the answer to HEAD.
HttpAnswer read_answer(Stream& stream, std::string& rest, milliseconds wait, bool bodiless = false);

/// A request of its own to a control route (FIXTURE.md 5.1): its JSON answer. Throws std::runtime_error for any status but 200.
Json trigger(Host& host, const Json& request);

}  // namespace phx::conformance
