#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phx::core {

/// What a JSON API says when it refuses. A value.
struct ApiError {
  int status = 0;
  std::string detail{};  ///< of `{"errors":{"detail":"Not Found"}}` or `{"error":"..."}`; otherwise empty
  /// Of a changeset, in the order of the fields' names: "title", "items.0.price" with nested ones; a field comes once per message.
  std::vector<std::pair<std::string, std::string>> fields{};

  /// The first message of a field, empty: there is none.
  std::string_view field(std::string_view path) const;
  /// One line: "HTTP 422: title can't be blank; body is too long".
  std::string message() const;
  bool operator==(const ApiError&) const = default;
};

/// Reads an answer with a status from 400 on, whatever its body: what is no JSON gives a status alone. At most 1000 messages, 16 levels.
/// Rules: golden http_rest, Ecto's traverse_errors.
ApiError parse_api_error(int status, std::string_view body);

/// The token in `<meta name="csrf-token" content="...">`, as Phoenix's layouts have it. nullopt: no such tag, or no token in it.
std::optional<std::string> find_csrf_token(std::string_view html);

/// The target of the link with this relation in a Link header (RFC 8288): `</rooms?page=2>; rel="next"`. nullopt: none.
std::optional<std::string> find_link(std::string_view header, std::string_view relation);

}  // namespace phx::core
