// The document at /api/openapi.json against the routes, and (in RestCase) against what the suite sends and every answer it gets.
#include <algorithm>
#include <set>

#include "app/web/router.hpp"
#include "unit/app/app_case.hpp"

namespace phx::app {

namespace {

const Json& resolve(const Json& document, const Json& schema) {
  if (!schema.contains("$ref")) return schema;
  return document.at(Json::json_pointer(schema.at("$ref").get<std::string>().substr(1)));
}

bool is_type(const std::string& type, const Json& value) {
  if (type == "integer") return value.is_number_integer();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  return type == "null" && value.is_null();
}

/// What of JSON Schema the document uses.
std::string disagreement_at(const Json& document, const Json& given, const Json& value, const std::string& at) {
  const Json& schema = resolve(document, given);
  if (schema.contains("type")) {
    const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
    if (std::ranges::none_of(types, [&](const Json& t) { return is_type(t, value); })) return at + " is no " + types.dump();
  }
  for (const auto& name : schema.value("required", Json::array()))
    if (!value.contains(name.get<std::string>())) return at + " lacks " + name.dump();
  if (value.is_object() && schema.contains("properties"))
    for (const auto& [name, inner] : value.items()) {
      if (!schema["properties"].contains(name)) return at + " has " + name;
      if (auto wrong = disagreement_at(document, schema["properties"][name], inner, at + "/" + name); !wrong.empty()) return wrong;
    }
  if (value.is_array() && schema.contains("items"))
    for (const auto& inner : value)
      if (auto wrong = disagreement_at(document, schema["items"], inner, at + "/*"); !wrong.empty()) return wrong;
  return {};
}

std::vector<std::string> segments(std::string path) {
  path = path.substr(0, path.find('?'));
  std::vector<std::string> out;
  for (std::size_t at = 0; at < path.size();) {
    const auto next = std::min(path.find('/', at + 1), path.size());
    out.push_back(path.substr(at + 1, next - at - 1));
    at = next;
  }
  return out;
}

bool fits(const std::string& pattern, const std::string& path) {
  const auto want = segments(pattern), have = segments(path);
  return want.size() == have.size() &&
         std::ranges::equal(want, have, [](const auto& w, const auto& h) { return w.starts_with('{') || w == h; });
}

const Json* operation_of(const Json& document, const std::string& method, const std::string& path) {
  std::string verb = method;
  std::ranges::transform(verb, verb.begin(), [](char c) { return static_cast<char>(c | 0x20); });
  for (const auto& [pattern, operations] : document["paths"].items())
    if (fits(pattern, path) && operations.contains(verb)) return &operations[verb];
  return nullptr;
}

std::string disagreement_of_query(const Json& operation, const std::string& path) {
  const Json parameters = operation.value("parameters", Json::array());
  auto at = path.find('?');
  while (at != std::string::npos) {
    const std::string name = path.substr(at + 1, path.find('=', at) - at - 1);
    if (std::ranges::none_of(parameters, [&](const Json& p) { return p["in"] == "query" && p["name"] == name; }))
      return "query has " + name;
    at = path.find('&', at + 1);
  }
  return {};
}

}  // namespace

std::string disagreement(const Json& document, const std::string& method, const std::string& path, const Answer& answer) {
  const Json* operation = operation_of(document, method, path);
  if (!operation) return answer.status >= 400 ? "" : "the document does not know it";
  const Json& responses = operation->at("responses");
  const std::string status = std::to_string(answer.status);
  if (answer.status < 400 && !responses.contains(status)) return "status " + status + " is not in the document";
  const Json& response = responses.contains(status) ? responses[status] : responses["default"];
  if (!response.contains("content")) return answer.json.is_null() ? "" : "a body where there is none";
  return disagreement_at(document, response["content"]["application/json"]["schema"], answer.json, "body");
}

std::string request_disagreement(const Json& document, const std::string& method, const std::string& path, const Json& body) {
  const Json* operation = operation_of(document, method, path);
  if (!operation) return "the document does not know it";
  if (auto wrong = disagreement_of_query(*operation, path); !wrong.empty()) return wrong;
  if (!operation->contains("requestBody")) return body.empty() ? "" : "the request has a body";
  const Json& described = operation->at("requestBody");
  if (body.is_null()) return described["required"] == true ? "the request lacks its body" : "";
  return disagreement_at(document, described["content"]["application/json"]["schema"], body, "request");
}

namespace {

TEST(OpenApi, DescribesEveryRouteAndNothingElse) {
  ApplicationOptions options;
  options.repo.url = "sqlite::memory:";
  options.secret_key_base = "a secret of the tests, 64 bytes long: 0123456789abcdefghijklmnopqrstuvwxyz";
  options.password_cost = {.memory_kib = 64, .passes = 1};
  const Application application(options);
  std::set<std::string> routed, described;
  for (const auto& route : application.router().routes()) {
    std::string path;
    for (const auto& segment : segments(route.path)) path += "/" + (segment.starts_with(':') ? "{" + segment.substr(1) + "}" : segment);
    routed.insert(route.verb + " " + path);
  }
  const Json document = openapi();
  EXPECT_EQ(document["openapi"], "3.1.0");
  for (const auto& [path, operations] : document["paths"].items())
    for (const auto& [verb, operation] : operations.items()) {
      std::string upper = verb;
      std::ranges::transform(upper, upper.begin(), [](char c) { return static_cast<char>(c & ~0x20); });
      described.insert(upper + " " + path);
      EXPECT_TRUE(operation.contains("summary")) << path;
    }
  EXPECT_EQ(routed, described);
}

// Issue 5: a document that the tests check; this is the check of what they send.
TEST(OpenApi, RequestsAreHeldAgainstIt) {
  const Json document = openapi();
  const auto wrong = [&](const char* method, const char* path, const Json& body = Json()) {
    return request_disagreement(document, method, path, body);
  };
  EXPECT_EQ(wrong("GET", "/api/v1/users?name=a&limit=2&after=x"), "");
  EXPECT_EQ(wrong("GET", "/api/v1/users?name=a&nick=b"), "query has nick");
  EXPECT_EQ(wrong("GET", "/api/v1/orders?name=a"), "query has name");
  EXPECT_EQ(wrong("POST", "/api/v1/rooms", obj("name", "r", "topic", Json())), "");
  EXPECT_EQ(wrong("POST", "/api/v1/rooms", obj("topic", "t")), "request lacks \"name\"");
  EXPECT_EQ(wrong("POST", "/api/v1/rooms", obj("name", "r", "owner_id", 1)), "request has owner_id");
  EXPECT_EQ(wrong("POST", "/api/v1/rooms"), "the request lacks its body");
  EXPECT_EQ(wrong("POST", "/api/v1/rooms/1/members"), "");
  EXPECT_EQ(wrong("POST", "/api/v1/games", obj("a", 1)), "the request has a body");
}

}  // namespace
}  // namespace phx::app
