#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phx::server {

/// The pairs of one Cookie header in their order, as Plug reads them (server.md 10.1): blanks around a pair are dropped, pairs
/// without a name or with control characters or a blank inside the name are skipped. Borrows from `header`.
std::vector<std::pair<std::string_view, std::string_view>> decode_cookies(std::string_view header);

/// The value under this name; of several the first. Empty when there is none.
std::string_view find_cookie(std::string_view header, std::string_view name);

}  // namespace phx::server
