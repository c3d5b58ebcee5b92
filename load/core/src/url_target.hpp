#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace phx::load {

/// Who a URL is for, as written ("127.0.0.1:4000"), and its path and query.
struct UrlTarget {
  std::string authority, path;
};

inline UrlTarget split_url(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  const std::size_t slash = std::min(url.find_first_of("/?"), url.size());
  std::string path(url.substr(slash));
  if (path.empty() || path[0] != '/') path.insert(0, "/");
  return {std::string(url.substr(0, slash)), std::move(path)};
}

}  // namespace phx::load
