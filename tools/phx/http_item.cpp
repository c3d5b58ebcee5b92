#include "http_item.hpp"

#include <phx/cli/program.hpp>
#include <phx/core/json.hpp>

namespace phx::cli {
namespace {

struct Item {
  enum class Kind { body, json, header, query } kind;
  std::string name, value;
};

Item split(const std::string& text) {
  std::string name;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escaped = text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == '=' || text[at + 1] == ':');
    if (escaped) {
      name += text[++at];
    } else if (text.compare(at, 2, ":=") == 0) {
      return {Item::Kind::json, name, text.substr(at + 2)};
    } else if (text.compare(at, 2, "==") == 0) {
      return {Item::Kind::query, name, text.substr(at + 2)};
    } else if (text[at] == '=' || text[at] == ':') {
      return {text[at] == '=' ? Item::Kind::body : Item::Kind::header, name, text.substr(at + 1)};
    } else {
      name += text[at];
    }
  }
  throw Failure(ExitCode::usage, "'" + name + "' is none of name=value, name:=json, Name:value, name==value");
}

void put(std::optional<client::Payload>& object, const std::string& name, const Json& value) {
  Json all = object ? *object->json() : Json::object();
  all[name] = value;
  object = client::Payload(all);
}

}  // namespace

void add_http_item(const std::string& text, client::RestRequest& request) {
  const Item item = split(text);
  if (item.name.empty()) throw Failure(ExitCode::usage, "an item without a name: write name=value, name:=json, Name:value or name==value");
  try {
    switch (item.kind) {
      case Item::Kind::body: return put(request.body, item.name, item.value);
      case Item::Kind::header: return request.headers.emplace_back(item.name, item.value), void();
      case Item::Kind::query: {
        std::optional<client::Payload> query(request.query);
        put(query, item.name, item.value);
        request.query = *query;
        return;
      }
      case Item::Kind::json: break;
    }
    const auto json = parse_json(item.value);
    if (!json) throw Failure(ExitCode::usage, "the value of '" + item.name + ":=' is not JSON; a string is written " + item.name + "=text");
    put(request.body, item.name, *json);
  } catch (const std::invalid_argument& e) {  // bytes that are no UTF-8
    throw Failure(ExitCode::usage, "'" + item.name + "': " + e.what());
  }
}

}  // namespace phx::cli
