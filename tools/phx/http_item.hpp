#pragma once

#include <string>

#include <phx/client/rest.hpp>

namespace phx::cli {

/// Adds one item of `phx http` to the request, as HTTPie reads it. The first of these separators in it decides, the longest where
/// they begin alike; a backslash before one makes it ordinary:
///
///   name=value string of the JSON body    name:=json any JSON    Name:value header (nothing: an empty one)    name==value of the query
///
/// Throws Failure(usage) that quotes the item's name only.
void add_http_item(const std::string& item, client::RestRequest& request);

}  // namespace phx::cli
