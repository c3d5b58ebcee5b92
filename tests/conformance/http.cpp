#include "conformance/http.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace phx::conformance {

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

HttpAnswer parse_head(std::string_view head) {
  HttpAnswer answer;
  const std::size_t line_end = head.find("\r\n");
  const std::string line(head.substr(0, line_end));
  if (line.size() < 12 || !line.starts_with("HTTP/")) throw std::runtime_error("no HTTP answer: " + line);
  answer.version = line.substr(0, 8);
  answer.status = std::stoi(line.substr(9, 3));
  if (line.size() > 13) answer.reason = line.substr(13);
  head.remove_prefix(line_end + 2);
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view one = head.substr(0, end);
    const std::size_t colon = one.find(": ");
    if (colon == std::string_view::npos) throw std::runtime_error("not a header: " + std::string(one));
    answer.headers.emplace_back(lower(std::string(one.substr(0, colon))), one.substr(colon + 2));
    head.remove_prefix(end + 2);
  }
  return answer;
}

// False at the end of the stream.
bool read_more(Stream& stream, std::string& into, milliseconds wait) {
  switch (stream.read(into, wait)) {
    case Stream::Read::data: return true;
    case Stream::Read::end: return false;
    case Stream::Read::silence: break;
  }
  throw std::runtime_error("no answer in time; so far: " + into);
}

}  // namespace

const std::string* HttpAnswer::header(std::string_view name) const {
  const auto at = std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
  return at == headers.end() ? nullptr : &at->second;
}

std::string write_head(std::string_view method, std::string_view path, const Json& headers) {
  std::string out = std::string(method) + " " + std::string(path) + " HTTP/1.1\r\n";
  for (const auto& [name, value] : headers.items()) {
    out += name + ": " + (value.is_string() ? value.get<std::string>() : to_json_text(value)) + "\r\n";
  }
  return out + "\r\n";
}

HttpAnswer read_answer(Stream& stream, std::string& rest, milliseconds wait, bool bodiless) {
  std::size_t end = std::string::npos;
  while ((end = rest.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more(stream, rest, wait)) throw std::runtime_error("the connection ended within the head: " + rest);
  }
  HttpAnswer answer = parse_head(std::string_view(rest).substr(0, end + 2));
  rest.erase(0, end + 4);
  if (answer.status < 200 || bodiless) return answer;
  const std::string* length = answer.header("content-length");
  const std::size_t size = length != nullptr ? std::stoul(*length) : std::string::npos;
  while (rest.size() < size && read_more(stream, rest, wait)) continue;
  answer.body = rest.substr(0, size);
  rest.erase(0, answer.body.size());
  return answer;
}

Json trigger(Host& host, const Json& request) {
  const auto stream = host.dial();
  const auto method = request.at("method").get<std::string>();
  const auto path = request.at("path").get<std::string>();
  const std::string body = request.contains("body") ? to_json_text(request.at("body")) : "";
  const Json headers =
      obj("host", "localhost:4100", "connection", "close", "content-type", "application/json", "content-length", body.size());
  stream->write(write_head(method, path, headers) + body);
  std::string rest;
  const HttpAnswer answer = read_answer(*stream, rest, patience);
  if (answer.status != 200) throw std::runtime_error(path + " answered " + std::to_string(answer.status) + " " + answer.body);
  return Json::parse(answer.body);
}

}  // namespace phx::conformance
