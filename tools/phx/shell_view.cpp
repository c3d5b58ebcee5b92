#include "shell_view.hpp"

#include <phx/core/json.hpp>

#include "message_line.hpp"
#include "shell_language.hpp"

namespace phx::cli::shell {
namespace {

std::string compact(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

/// Names may hold what a terminal would obey: spelled() turns that into escapes.
void View::line(const std::string& topic, const std::string& what, const std::string& text) {
  const auto in = [this](const char* colour, const std::string& s) { return out_.colour() ? colour + s + "\033[0m" : s; };
  out_.line(in("\033[34m", spelled(topic)) + "  " + in("\033[1m", what) + (text.empty() ? "" : " ") + text);
}

void View::message(double seconds, const client::Message& message) {
  if (!for_people_) return out_.data(message_line(seconds, message));
  line(message.topic, spelled(message.event), compact(payload_json(message.payload)));
}

void View::reply(double seconds, const std::string& topic, const std::string& event, const client::Reply& reply) {
  Json shown = reply_line(reply);
  if (for_people_) return line(topic, spelled(event) + " -> " + spelled(reply.status), compact(shown["response"]));
  out_.data(obj("t", seconds, "topic", topic, "reply_to", event, "status", shown["status"], "response", shown["response"]));
}

void View::topic(const std::string& topic, std::string_view state) {
  if (for_people_) return line(topic, std::string(state), "");
  out_.data(obj("topic", topic, "state", state));
}

void View::presence(const std::string& topic, const Json& list) {
  if (!for_people_) return out_.data(obj("topic", topic, "presence", list));
  line(topic, std::to_string(list.size()) + " here", "");
  for (const auto& [key, entry] : list.items()) out_.line("  " + spelled(key) + " " + compact(entry));
}

void View::ping(double milliseconds) {
  if (!for_people_) return out_.data(obj("rtt_ms", milliseconds));
  out_.line(compact(milliseconds) + " ms");
}

}  // namespace phx::cli::shell
