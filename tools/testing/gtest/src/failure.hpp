#pragma once

#include <string>

#include <phx/testing/channel_case.hpp>

#include "mailroom.hpp"

namespace phx::testing::detail {

/// A message that an assertion speaks of.
struct Awaited {
  std::string what;  ///< "message", "reply to "3""
  Mail::Kind kind;
  Mailroom::Wanted of;  ///< empty: of any channel
  std::string name;     ///< "event" or "status"
  StringMatcher name_pattern;
  std::string (*name_of)(const Mail&);
  PayloadPattern payload;

  bool fits(const Mail& mail) const {
    return mail.kind == kind && (!of || of(mail)) && name_pattern.Matches(name_of(mail)) && payload.matches(mail.payload);
  }
  std::string describe() const;
};

/// "assert_push: no message ... within 100 ms", and the nearest one with what does not fit.
std::string missing(const Mailroom& mailroom, const char* assertion, const Awaited& awaited, Duration limit);

/// Writes the capture of the test that runs, <suite>.<test><ending>. One line about where, or why not.
std::string write_capture(const std::string& text, const std::string& ending);

/// The mailbox, and where the capture was written.
std::string evidence(Mailroom& mailroom, const std::string& message);

}  // namespace phx::testing::detail
