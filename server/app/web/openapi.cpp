// The OpenAPI 3.1 document, made of two tables. The tests hold it against the routes, what they send and every answer they get.
#include <phx/core/json.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "router.hpp"

namespace phx::app {

namespace {

/// "name:type" in order; `?` after the name: may be left out; after the type: may be null. $Name: another schema; [] after the type: a
/// list of it.
struct SchemaRow {
  const char *name, *fields;
};

constexpr std::array<SchemaRow, 22> schemas{{
    {"User", "id:integer name:string avatar:string? inserted_at:string"},
    {"Account", "id:integer name:string avatar:string? inserted_at:string email:string role:string last_login:string? banned:boolean"},
    {"Profile", "id:integer name:string avatar:string? inserted_at:string email?:string role?:string last_login?:string? banned?:boolean"},
    {"Login", "id:integer token:string expires_at:string user:$Account csrf_token?:string"},
    {"Session", "id:integer expires_at:string inserted_at:string"},
    {"Friend", "friend_id:integer"},
    {"Room", "id:integer name:string topic:string? private:boolean owner_id:integer inserted_at:string updated_at:string"},
    {"Membership", "room_id:integer user_id:integer"},
    {"Message", "id:integer content:string message:string user:object inserted_at:string"},
    {"Game", "id:integer status:string players:object[] current_turn:string? board:any[] winner:string? created_at:string"},
    {"Seat", "game:$Game player_token:string"},
    {"Organization", "id:integer name:string inserted_at:string"},
    {"OrganizationMember", "organization_id:integer user_id:integer role:string"},
    {"Team", "id:integer organization_id:integer name:string inserted_at:string"},
    {"TeamMember", "team_id:integer user_id:integer"},
    {"Notification", "id:integer from_id:integer message:string delivered_at:string? read_at:string? inserted_at:string"},
    {"Order", "id:integer item:string quantity:integer unit_price:integer total:integer inserted_at:string"},
    {"Pong", "pong:boolean"},
    {"Health", "status:string"},
    {"Ready", "ready:boolean"},
    {"Error", "errors:object"},
    {"Page", "has_next:boolean start:string? end:string?"},
}};

/// answer: a schema; `[]`: a page of it; `{}`: a list without pages; `=`: as it stands, not below `data`; empty: 204.
/// query: its own parameters, besides those of pages; none has to be there.
struct OperationRow {
  const char *method, *path, *summary, *body, *answer;
  int status = 200;
  bool open = false;  ///< needs no login
  bool rated = false;
  const char* query = "";
};

constexpr std::array<OperationRow, 49> operations{{
    {"get", "/health", "Whether the process lives", "", "=Health", 200, true},
    {"get", "/ready", "Whether this node wants requests; 503 while it drains", "", "=Ready", 200, true},
    {"get", "/api/openapi.json", "This document", "", "=any", 200, true},
    {"get", "/api/v1/ping", "Answers", "", "=Pong", 200, true},
    {"post", "/api/v1/users", "Register", "email:string name:string password:string avatar?:string?", "Account", 201, true, true},
    {"post", "/api/v1/sessions", "Log in", "email:string password:string cookie?:boolean", "Login", 201, true, true},
    {"get", "/api/v1/users", "List users; name: a part of it", "", "User[]", 200, false, false, "name:string"},
    {"get", "/api/v1/users/{id}", "Show a user; of oneself all", "", "Profile"},
    {"patch", "/api/v1/users/{id}", "Change oneself", "email?:string name?:string password?:string avatar?:string?", "Account"},
    {"put", "/api/v1/users/{id}", "Change oneself", "email?:string name?:string password?:string avatar?:string?", "Account"},
    {"delete", "/api/v1/users/{id}", "Delete oneself", "", ""},
    {"get", "/api/v1/me", "Who I am", "", "Account"},
    {"get", "/api/v1/sessions/{id}", "Show a login of mine", "", "Session"},
    {"delete", "/api/v1/sessions", "Log out", "", ""},
    {"delete", "/api/v1/sessions/{id}", "End another login of mine", "", ""},
    {"get", "/api/v1/friends", "My friends: both have asked", "", "User{}"},
    {"post", "/api/v1/friends", "Ask for friendship", "friend_id:integer", "Friend", 201},
    {"get", "/api/v1/rooms", "List rooms; name: a part of it", "", "Room[]", 200, false, false, "name:string"},
    {"get", "/api/v1/rooms/{id}", "Show a room", "", "Room"},
    {"post", "/api/v1/rooms", "Make a room", "name:string topic?:string? private?:boolean", "Room", 201},
    {"patch", "/api/v1/rooms/{id}", "Change an own room", "name?:string topic?:string? private?:boolean", "Room"},
    {"put", "/api/v1/rooms/{id}", "Change an own room", "name?:string topic?:string? private?:boolean", "Room"},
    {"delete", "/api/v1/rooms/{id}", "Delete an own room", "", ""},
    {"post", "/api/v1/rooms/{room_id}/members", "Join a room, or let somebody in", "user_id?:integer", "Membership", 201},
    {"delete", "/api/v1/rooms/{room_id}/members/{id}", "Leave a room", "", ""},
    {"get", "/api/v1/rooms/{room_id}/messages", "What was said, newest first", "", "Message[]"},
    {"get", "/api/v1/rooms/{room_id}/messages/{id}", "Show a message", "", "Message"},
    {"post", "/api/v1/rooms/{room_id}/messages", "Say something", "content:string", "Message", 201, false, true},
    {"delete", "/api/v1/rooms/{room_id}/messages/{id}", "Take back what one said", "", ""},
    {"get", "/api/v1/games", "List games; status: waiting, playing, finished", "", "Game[]", 200, false, false, "status:string"},
    {"get", "/api/v1/games/{id}", "Show a game", "", "Game"},
    {"post", "/api/v1/games", "Begin a game", "", "Seat", 201},
    {"post", "/api/v1/games/{game_id}/players", "Take the free seat", "", "Seat", 201},
    {"delete", "/api/v1/games/{game_id}/players", "Give up", "", "Game"},
    {"post", "/api/v1/games/{game_id}/moves", "Make a move: a cell, 0 to 8", "move:integer", "Game", 201},
    {"get", "/api/v1/organizations", "My organizations", "", "Organization{}"},
    {"get", "/api/v1/organizations/{id}", "Show one of mine", "", "Organization"},
    {"post", "/api/v1/organizations", "Found one", "name:string", "Organization", 201},
    {"post", "/api/v1/organizations/{organization_id}/members", "Let somebody in", "user_id:integer role?:string", "OrganizationMember",
     201},
    {"get", "/api/v1/organizations/{organization_id}/teams", "List teams", "", "Team{}"},
    {"post", "/api/v1/organizations/{organization_id}/teams", "Make a team", "name:string", "Team", 201},
    {"post", "/api/v1/organizations/{organization_id}/teams/{team_id}/members", "Put somebody into a team", "user_id:integer", "TeamMember",
     201},
    {"get", "/api/v1/notifications", "My notifications, newest first; unread=true", "", "Notification[]", 200, false, false,
     "unread:boolean"},
    {"post", "/api/v1/notifications", "Notify a friend", "user_id:integer message:string", "Notification", 201},
    {"get", "/api/v1/orders", "My orders, newest first", "", "Order[]"},
    {"get", "/api/v1/orders/{id}", "Show an order of mine", "", "Order"},
    {"post", "/api/v1/orders", "Order something; unit_price in cents", "item:string quantity:integer unit_price:integer", "Order", 201},
    {"patch", "/api/v1/notifications/{id}", "Mark as read", "", "Notification"},
    {"put", "/api/v1/notifications/{id}", "Mark as read", "", "Notification"},
}};

Json reference(const std::string& name) { return name == "any" ? obj() : obj("$ref", "#/components/schemas/" + name); }

Json type_schema(std::string type) {
  const bool null = type.ends_with('?'), array = type.ends_with("[]");
  if (null) type.pop_back();
  if (array) return obj("type", "array", "items", type_schema(type.substr(0, type.size() - 2)));
  if (type.starts_with('$')) return reference(type.substr(1));
  if (type == "any") return obj();
  return obj("type", null ? Json::array({type, "null"}) : Json(type));
}

struct Field {
  std::string name;
  bool optional;
  Json schema;
};

/// Of "a:integer b?:string?".
std::vector<Field> fields_of(std::string_view text) {
  std::vector<Field> out;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const auto colon = word.find(':');
    const bool optional = word[colon - 1] == '?';
    out.push_back({std::string(word.substr(0, colon - (optional ? 1U : 0U))), optional, type_schema(std::string(word.substr(colon + 1)))});
  }
  return out;
}

Json object_schema(std::string_view fields) {
  Json properties = obj(), required = Json::array();
  for (auto& field : fields_of(fields)) {
    properties[field.name] = std::move(field.schema);
    if (!field.optional) required.push_back(field.name);
  }
  Json out = obj("type", "object", "properties", properties);
  if (!required.empty()) out["required"] = std::move(required);
  return out;
}

Json content(const Json& schema) { return obj("application/json", obj("schema", schema)); }

Json wrapped(const Json& data, bool paged) {
  Json out = obj("type", "object", "properties", obj("data", data), "required", Json::array({"data"}));
  if (paged) {
    out["properties"]["page"] = reference("Page");
    out["required"].push_back("page");
  }
  return out;
}

Json answer_schema(std::string_view answer) {
  if (answer.starts_with('=')) return reference(std::string(answer.substr(1)));
  const bool paged = answer.ends_with("[]"), listed = answer.ends_with("{}");
  const Json one = reference(std::string(paged || listed ? answer.substr(0, answer.size() - 2) : answer));
  return wrapped(paged || listed ? obj("type", "array", "items", one) : one, paged);
}

Json responses(const OperationRow& row) {
  const std::string_view answer = row.answer;
  Json out = obj();
  if (answer.empty())
    out["204"] = obj("description", "Done");
  else
    out[std::to_string(row.status)] = obj("description", row.summary, "content", content(answer_schema(answer)));
  if (row.status == 201) {
    out["201"]["headers"] = obj("location", obj("schema", obj("type", "string")));
    out["422"] = obj("description", "What is wrong, by field", "content", content(reference("Error")));
  }
  if (row.rated)
    out["429"] = obj("description", "Too many; wait", "headers", obj("retry-after", obj("schema", obj("type", "integer"))), "content",
                     content(reference("Error")));
  if (std::string_view(row.path) == "/ready") out["503"] = obj("description", "Not now", "content", content(reference("Ready")));
  out["default"] = obj("description", "Refused", "content", content(reference("Error")));
  return out;
}

Json parameters(const OperationRow& row) {
  Json out = Json::array();
  const std::string path = row.path;
  for (auto open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1))
    out.push_back(obj("name", path.substr(open + 1, path.find('}', open) - open - 1), "in", "path", "required", true, "schema",
                      obj("type", "integer")));
  std::string query = row.query;
  if (std::string_view(row.answer).ends_with("[]"))
    query += (query.empty() ? "" : " ") + std::string("limit:integer after:string before:string");
  for (auto& field : fields_of(query)) out.push_back(obj("name", field.name, "in", "query", "schema", std::move(field.schema)));
  return out;
}

Json operation(const OperationRow& row) {
  Json out = obj("summary", row.summary, "responses", responses(row));
  if (Json list = parameters(row); !list.empty()) out["parameters"] = std::move(list);
  if (*row.body) {
    const Json schema = object_schema(row.body);
    out["requestBody"] = obj("required", schema.contains("required"), "content", content(schema));
  }
  out["security"] = row.open ? Json::array() : Json::array({obj("bearer", Json::array()), obj("cookie", Json::array())});
  return out;
}

}  // namespace

Json openapi() {
  Json paths = obj(), components = obj();
  for (const auto& row : operations) paths[row.path][row.method] = operation(row);
  for (const auto& row : schemas) components[row.name] = object_schema(row.fields);
  return obj("openapi", "3.1.0", "info", obj("title", "phx-server", "version", "1"), "paths", paths, "components",
             obj("schemas", components, "securitySchemes",
                 obj("bearer", obj("type", "http", "scheme", "bearer"), "cookie",
                     obj("type", "apiKey", "in", "cookie", "name", "_phx_server_key"))));
}

}  // namespace phx::app
