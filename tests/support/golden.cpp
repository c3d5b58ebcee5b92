#include "support/golden.hpp"

#include <charconv>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace phx::golden {
namespace {

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string text_of(const Json& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
}

/// What stands under `<key>_parts`, the hex key or `key`, the exact form first; false when there is none.
bool content(const Json& json, const std::string& key, const std::string& hex_key, std::string& out) {
  if (const auto at = json.find(key + "_parts"); at != json.end()) return out = expand_parts(*at), true;
  if (const auto at = json.find(hex_key); at != json.end()) return out = from_hex(at->get<std::string>()), true;
  if (const auto at = json.find(key); at != json.end() && at->is_string()) return out = at->get<std::string>(), true;
  return false;
}

std::string numbered(std::string text, int n) {
  const auto at = text.find("%d");
  return at == std::string::npos ? text : text.replace(at, 2, std::to_string(n));
}

void expand_headers(Json& request) {
  const auto long_headers = request.value("header_parts", Json::object());
  for (const auto& [name, parts] : long_headers.items()) request["headers"][name] = expand_parts(parts);
  for (const auto& extra : request.value("extra_headers", Json::array())) {
    for (int n = extra.at("from").get<int>(); n <= extra.at("to").get<int>(); ++n) {
      request["headers"][numbered(extra.at("name").get<std::string>(), n)] = extra.at("value");
    }
  }
}

Step read_step(const Json& json) {
  Step step;
  step.json = json;
  step.type = text_of(json, "type");
  step.wait = std::chrono::milliseconds(json.value("wait_ms", json.value("waited_ms", 0)));
  if (json.contains("do")) {
    step.kind = Step::Kind::connect;
    step.conn = text_of(json, "conn");
  } else if (json.contains("send")) {
    step.kind = Step::Kind::send;
    step.conn = text_of(json, "send");
  } else if (json.contains("recv")) {
    step.kind = Step::Kind::recv;
    step.conn = text_of(json, "recv");
  } else if (json.contains("expect")) {
    step.kind = Step::Kind::nothing_more;
    step.conn = text_of(json, "conn");
  }
  step.has_data = content(json, "data", "hex", step.data);
  return step;
}

Exchange read_exchange(const Json& json) {
  Exchange out;
  out.json = json;
  out.label = text_of(json, "label");
  out.request = json.value("request", Json::object());
  out.response = json.value("response", Json::object());
  out.method = text_of(out.request, "method");
  content(out.request, "path", "path_hex", out.path);
  content(out.request, "body", "body_hex", out.body);
  expand_headers(out.request);
  return out;
}

Case read_case(const Json& json) {
  Case out;
  out.json = json;
  out.name = text_of(json, "name");
  out.description = text_of(json, "description");
  for (const auto& step : json.value("steps", Json::array())) out.steps.push_back(read_step(step));
  for (const auto& exchange : json.value("exchanges", Json::array())) out.exchanges.push_back(read_exchange(exchange));
  return out;
}

std::string expand_template(const Json& parts) {
  const auto text = parts.at("template").get<std::string>();
  const auto separator = parts.at("join").get<std::string>();
  std::string out;
  const int from = parts.at("from").get<int>();
  for (int n = from; n <= parts.at("to").get<int>(); ++n) {
    if (n != from) out += separator;
    out += numbered(text, n);
  }
  return out;
}

}  // namespace

int Case::vsn(std::string_view conn) const {
  for (const auto& step : steps) {
    if (step.kind != Step::Kind::connect || step.conn != conn) continue;
    return text_of(step.json, "path").find("vsn=2") != std::string::npos ? 2 : 1;
  }
  return 1;
}

std::vector<Case> load(std::string_view file) {
  const auto path = std::string(PHXKIT_GOLDEN_DIR "/").append(file) + ".json";
  const auto json = parse_json(read_text(path));
  if (!json) throw std::runtime_error(path + ": " + json.error().message());
  std::vector<Case> cases;
  for (const auto& one : json->at("cases")) cases.push_back(read_case(one));
  return cases;
}

std::string expand_parts(const Json& parts) {
  if (parts.is_object()) return expand_template(parts);
  std::string out;
  for (const auto& part : parts) {
    if (part.is_string()) {
      out += part.get_ref<const std::string&>();
      continue;
    }
    const auto text = part.at(0).get<std::string>();
    for (auto n = part.at(1).get<std::size_t>(); n != 0; --n) out += text;
  }
  return out;
}

std::string from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) throw std::invalid_argument("hex of odd length");
  std::string out;
  for (std::size_t i = 0; i != hex.size(); i += 2) {
    unsigned char byte = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    if (error != std::errc{} || end != hex.data() + i + 2) throw std::invalid_argument("not hex: " + std::string(hex.substr(i, 2)));
    out += static_cast<char>(byte);
  }
  return out;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4], out += digits[byte & 15];
  }
  return out;
}

}  // namespace phx::golden
