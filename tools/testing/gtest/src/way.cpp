#include <phx/testing/way.hpp>

#include <phx/testing/net_target.hpp>

#include <cstdlib>
#include <ostream>
#include <stdexcept>

namespace phx::testing {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::vector<Way> ways_to(Where where, const std::string& url) {
  return {{.where = where, .url = url, .vsn = "1.0.0"}, {.where = where, .url = url}, {.where = where, .url = url, .via = Via::longpoll}};
}

}  // namespace

std::string to_string(const Way& way) {
  static constexpr const char* places[] = {"in_process", "loopback", "url"};
  return std::string(places[static_cast<std::size_t>(way.where)]) + (way.vsn.starts_with("1.") ? "_v1" : "_v2") +
         (way.via == Via::longpoll ? "_longpoll" : "");
}

void PrintTo(const Way& way, std::ostream* os) { *os << to_string(way) << ' ' << way.url; }

Way default_way() {
  Way way;
  const std::string place = environment("PHX_TEST_TARGET"), vsn = environment("PHX_TEST_VSN"), via = environment("PHX_TEST_TRANSPORT");
  way.url = environment("PHX_TEST_URL");
  if (!way.url.empty())
    way.where = Where::url;
  else if (place == "loopback")
    way.where = Where::loopback;
  else if (!place.empty() && place != "in_process")
    throw std::invalid_argument("PHX_TEST_TARGET is '" + place + "'; it may be in_process or loopback");
  if (vsn == "1.0.0" || vsn == "2.0.0")
    way.vsn = vsn;
  else if (!vsn.empty())
    throw std::invalid_argument("PHX_TEST_VSN is '" + vsn + "'; it may be 1.0.0 or 2.0.0");
  if (via == "longpoll")
    way.via = Via::longpoll;
  else if (!via.empty() && via != "websocket")
    throw std::invalid_argument("PHX_TEST_TRANSPORT is '" + via + "'; it may be websocket or longpoll");
  return way;
}

std::vector<Way> all_ways() {
  const std::string url = environment("PHX_TEST_URL");
  if (!url.empty()) return ways_to(Where::url, url);
  std::vector<Way> out = ways_to(Where::in_process, {});
  for (Way& way : ways_to(Where::loopback, {})) out.push_back(std::move(way));
  return out;
}

Application TargetCase::application() {
  throw std::logic_error("no server under test: override application(), or set PHX_TEST_URL=ws://host:port/socket");
}

std::unique_ptr<Target> TargetCase::make_target() {
  const Way to = way();
  switch (to.where) {
    case Where::in_process: return in_process(served());
    case Where::loopback: return loopback(served());
    case Where::url: return std::make_unique<NetTarget>(to.url);
  }
  throw std::logic_error("no such place");
}

Target& TargetCase::target() {
  if (!target_) target_ = make_target();
  return *target_;
}

Dial TargetCase::dialling() const {
  const Way how = way();
  return {.vsn = how.vsn, .via = how.via};
}

Duration TargetCase::scaled(Duration written) {
  const std::string factor = environment("PHX_TEST_TIMEOUT_FACTOR");
  if (factor.empty()) return written;
  char* end = nullptr;
  const double value = std::strtod(factor.c_str(), &end);
  if (*end != '\0' || !(value > 0)) throw std::invalid_argument("PHX_TEST_TIMEOUT_FACTOR is '" + factor + "'; it must be a number above 0");
  return std::chrono::duration_cast<Duration>(written * value);
}

void fail_at(const std::source_location& where, const std::string& message) {
  const int line = static_cast<int>(where.line());
  ADD_FAILURE_AT(where.file_name(), line) << message;
  // Reported already: this only leaves the test.
  throw ::testing::AssertionException(
      ::testing::TestPartResult(::testing::TestPartResult::kFatalFailure, where.file_name(), line, message.c_str()));
}

}  // namespace phx::testing
