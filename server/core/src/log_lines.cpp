#include <phx/server/log_lines.hpp>

#include <cxxabi.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <typeinfo>

#include <phx/core/json.hpp>
#include <phx/server/channel.hpp>
#include <phx/server/conn.hpp>
#include <phx/server/payload.hpp>

namespace phx::server {

namespace {

constexpr std::string_view filtered = "[FILTERED]";

bool is_own(std::string_view topic) { return topic.starts_with("phoenix"); }

/// "phx::app::RoomChannel" as Phoenix shows it: without the outer modules.
std::string channel_name(const Channel& channel) {
  const std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(typeid(channel).name(), nullptr, nullptr, nullptr),
                                                         &std::free);
  const std::string_view whole = name ? std::string_view(name.get()) : std::string_view("Channel");
  const auto colon = whole.rfind("::");
  return std::string(colon == std::string_view::npos ? whole : whole.substr(colon + 2));
}

/// Not into the middle of a UTF-8 character.
std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0u) == 0x80u) --bytes;
  return text.substr(0, bytes);
}

class Filter {
 public:
  Filter(const ParameterFilter& filter, std::size_t max_depth) : filter_(filter), max_depth_(max_depth) {}

  Json operator()(const Json& value, std::size_t depth = 0) const {
    if (depth > max_depth_) return filtered;
    if (value.is_object()) return object(value, depth);
    if (value.is_array()) {
      Json out = Json::array();
      for (const Json& item : value) out.push_back((*this)(item, depth + 1));
      return out;
    }
    return hides_leaf(value) ? Json(filtered) : value;
  }

 private:
  using Mode = ParameterFilter::Mode;

  Json object(const Json& value, std::size_t depth) const {
    Json out = Json::object();
    for (const auto& [key, item] : value.items()) {
      if (filter_.mode == Mode::discard)
        out[key] = contains_word(key) ? Json(filtered) : (*this)(item, depth + 1);
      else
        out[key] = is_kept(key) ? bounded(item, depth + 1) : (*this)(item, depth + 1);
    }
    return out;
  }
  bool contains_word(std::string_view text) const {
    return std::ranges::any_of(filter_.words, [&](const std::string& word) { return text.find(word) != std::string_view::npos; });
  }
  bool is_kept(const std::string& key) const { return std::ranges::find(filter_.words, key) != filter_.words.end(); }
  bool hides_leaf(const Json& value) const {
    if (filter_.mode == Mode::keep || value.is_binary()) return true;
    if (!value.is_string()) return false;
    const auto& text = value.get_ref<const std::string&>();
    return std::ranges::any_of(filter_.words, [&](const std::string& word) { return text.find(word + "=") != std::string::npos; });
  }
  /// As it is, as far down as anything is shown.
  Json bounded(const Json& value, std::size_t depth) const {
    if (!value.is_structured()) return value.is_binary() ? Json(filtered) : value;
    if (depth > max_depth_) return filtered;
    Json out = value.is_object() ? Json::object() : Json::array();
    for (const auto& [key, item] : value.items()) {
      if (value.is_object())
        out[key] = bounded(item, depth + 1);
      else
        out.push_back(bounded(item, depth + 1));
    }
    return out;
  }

  const ParameterFilter& filter_;
  std::size_t max_depth_;
};

}  // namespace

Json ParameterFilter::apply(const Json& params, std::size_t max_depth) const { return Filter(*this, max_depth)(params); }

std::string log_duration(Duration duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return us > 1000 ? std::to_string(us / 1000) + "ms" : std::to_string(us) + "us";
}

LineLogger::LineLogger(Options options, Write write) : options_(std::move(options)), write_(std::move(write)) {}

Durations LineLogger::durations() const noexcept {
  switch (options_.level) {
    case Level::debug: return Durations::all;
    case Level::info: return Durations::life_cycle;
    case Level::warning:
    case Level::error: return Durations::none;
  }
  return Durations::none;
}

/// Text of a client: bounded, and nothing in it can forge a line.
std::string LineLogger::value(std::string_view text) const {
  const auto shown = cut(text, options_.max_value);
  std::string out(shown);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  if (shown.size() < text.size()) out.append("...(").append(std::to_string(text.size())).append(" bytes)");
  return out;
}

std::string LineLogger::params(const Json& json) const {
  return value(options_.filter.apply(json).dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string LineLogger::params(const Payload& payload) const {
  if (payload.kind() != core::PayloadKind::json || payload.raw().size() > options_.max_params)
    return "(" + std::to_string(payload.raw().size()) + " bytes)";
  return params(payload.json());
}

void LineLogger::endpoint_start(const EndpointStart& e) {
  if (wants(Level::info)) write_(Level::info, value(e.conn.method) + ' ' + value(e.conn.path));
}

void LineLogger::endpoint_stop(const EndpointStop& e) {
  if (!wants(Level::info)) return;
  write_(Level::info, "Sent " + std::to_string(e.conn.status) + " duration=" + log_duration(e.duration) + " method=" + value(e.method) +
                          " path=" + value(e.path));
}

void LineLogger::router_dispatch_start(const RouterDispatch& e) {
  if (!wants(e.log)) return;
  std::string pipelines;
  for (const auto& pipeline : e.pipe_through) pipelines.append(pipelines.empty() ? "" : ",").append(pipeline);
  std::string line = "Processing with " + std::string(e.plug);
  if (!e.action.empty()) line.append(".").append(e.action);
  write_(*e.log, line + " route=" + std::string(e.route) + " params=" + params(e.params) + " pipelines=[" + pipelines + "]");
}

void LineLogger::error_rendered(const ErrorRendered& e) {
  if (!wants(e.log)) return;
  write_(*e.log, "Converted error to " + std::to_string(e.status) + " response method=" + value(e.method) + " path=" + value(e.path) +
                     " reason=" + value(e.reason));
}

void LineLogger::socket_connected(const SocketConnected& e) {
  if (!wants(e.log)) return;
  write_(*e.log, std::string(e.ok ? "CONNECTED TO " : "REFUSED CONNECTION TO ") + std::string(e.handler) +
                     " duration=" + log_duration(e.duration) + " transport=" + std::string(e.transport) +
                     " serializer=" + std::string(e.serializer) + " params=" + params(e.params));
}

void LineLogger::socket_drain(const SocketDrain& e) {
  if (!wants(e.log)) return;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(e.interval).count();
  write_(*e.log, "DRAINING " + std::to_string(e.count) + " of " + std::to_string(e.total) + " total connection(s) for socket " +
                     std::string(e.socket) + " every " + std::to_string(ms) + "ms - round " + std::to_string(e.index) + " of " +
                     std::to_string(e.rounds));
}

void LineLogger::channel_joined(const ChannelJoined& e) {
  if (!wants(e.log) || is_own(e.topic)) return;
  write_(*e.log, std::string(e.ok ? "JOINED " : "REFUSED JOIN ") + value(e.topic) + " duration=" + log_duration(e.duration) +
                     " transport=" + std::string(e.transport) + " params=" + params(e.params));
}

void LineLogger::channel_handled_in(const ChannelHandledIn& e) {
  if (!wants(e.log) || is_own(e.topic)) return;
  write_(*e.log, "HANDLED " + value(e.event) + " INCOMING ON " + value(e.topic) + " (" + channel_name(e.channel) +
                     ") duration=" + log_duration(e.duration) + " ref=" + value(e.ref) + " params=" + params(e.params));
}

void LineLogger::log(const LogEvent& e) {
  if (!wants(e.level)) return;
  std::string line(e.what);
  if (!e.topic.empty()) line.append(" topic=").append(value(e.topic));
  if (!e.detail.empty()) line.append(" detail=").append(value(e.detail));
  write_(e.level, line);
}

}  // namespace phx::server
