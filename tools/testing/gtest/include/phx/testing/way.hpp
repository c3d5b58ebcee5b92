#pragma once

#include <iosfwd>
#include <memory>
#include <source_location>
#include <string>
#include <vector>

#include <phx/testing/in_process.hpp>
#include <phx/testing/target.hpp>

#include <gtest/gtest.h>

namespace phx::testing {

enum class Where : std::uint8_t { in_process, loopback, url };

/// Where the server under test is, and how it is spoken to. The tests are the same.
struct Way {
  Where where = Where::in_process;
  std::string url = {};  ///< of Where::url
  std::string vsn = "2.0.0";
  Via via = Via::websocket;
};
std::string to_string(const Way& way);  ///< "loopback_v2_longpoll": also the name of a parameterised test
void PrintTo(const Way& way, std::ostream* os);

/// The one switch. PHX_TEST_URL=ws://host:port/socket: that server; else PHX_TEST_TARGET=loopback or in_process (the default).
/// PHX_TEST_VSN=1.0.0 and PHX_TEST_TRANSPORT=longpoll say how. Throws std::invalid_argument for values it does not know.
Way default_way();
/// For INSTANTIATE_TEST_SUITE_P: with PHX_TEST_URL that server over V1, V2 and long-poll, else in process and loopback likewise.
std::vector<Way> all_ways();

/// A test of one server. Its parts are made when first used and end with the test. Cases derive virtually: a test may be of several kinds.
class TargetCase : public ::testing::Test {
 protected:
  /// What is under test, made anew for each test. The default throws: say it here, or give each test a URL.
  virtual Application application();
  /// application(), with what the kind of test adds to it.
  virtual Application served() { return application(); }
  virtual Way way() const { return default_way(); }
  /// Another place than the three, a scripted one for example.
  virtual std::unique_ptr<Target> make_target();

  Target& target();
  Dial dialling() const;  ///< vsn and transport of way()
  /// PHX_TEST_TIMEOUT_FACTOR: all time limits times this.
  static Duration scaled(Duration written);

 private:
  std::unique_ptr<Target> target_;
};

/// An endpoint of the application on a free port of 127.0.0.1, with WebSocket and long-poll at its path.
std::unique_ptr<Target> loopback(Application application);

/// Ends the test with a failure at the caller's line.
[[noreturn]] void fail_at(const std::source_location& where, const std::string& message);

}  // namespace phx::testing
