#include "failure.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace phx::testing::detail {
namespace {

std::string described(const StringMatcher& matcher) {
  std::ostringstream text;
  matcher.DescribeTo(&text);
  return text.str();
}

/// How much of what was awaited a message has; more is nearer.
int nearness(const Awaited& awaited, const Mail& mail) {
  int points = 0;
  if (mail.kind == awaited.kind) points += 4;
  if (!awaited.of || awaited.of(mail)) points += 6;
  if (awaited.name_pattern.Matches(awaited.name_of(mail))) points += 3;
  if (awaited.payload.matches(mail.payload)) points += 1;
  if (mail.taken) points -= 2;
  return points;
}

std::string wrong_with(const Awaited& awaited, const Mail& mail) {
  static constexpr const char* kinds[] = {"a push", "a reply", "a broadcast", "phx_close", "phx_error", "the end of the connection"};
  std::string out;
  if (mail.kind != awaited.kind)
    out += std::string("  it is ") + kinds[static_cast<std::size_t>(mail.kind)] + ", not a " + awaited.what + "\n";
  if (mail.kind == awaited.kind && awaited.of && !awaited.of(mail)) out += "  it belongs to another channel or push\n";
  const std::string name = awaited.name_of(mail);
  if (!awaited.name_pattern.Matches(name))
    out += "  " + awaited.name + ": got \"" + name + "\", awaited one that " + described(awaited.name_pattern) + "\n";
  if (const std::string why = awaited.payload.explain(mail.payload); !why.empty()) out += "  payload: " + why + "\n";
  if (mail.taken) out += "  an earlier assertion has taken it\n";
  return out;
}

std::string file_name(const std::string& ending) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string name = test ? std::string(test->test_suite_name()) + "." + test->name() : "no_test";
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '/' || c == '\\' || c == ' '; }, '_');
  return name + ending;
}

}  // namespace

std::string Awaited::describe() const {
  const std::string name_text = described(name_pattern), payload_text = payload.describe();
  std::string out = what;
  if (name_text != "is anything") out += " whose " + name + " " + name_text;
  if (!payload_text.empty()) out += (name_text == "is anything" ? " whose payload " : " and whose payload ") + payload_text;
  return out;
}

std::string missing(const Mailroom& mailroom, const char* assertion, const Awaited& awaited, Duration limit) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  std::string out = std::string(assertion) + ": no " + awaited.describe() + " within " + std::to_string(ms) + " ms\n";
  const Mail* nearest = nullptr;
  int best = 1;
  for (const Mail& mail : mailroom.mails()) {
    const int points = nearness(awaited, mail);
    if (points <= best) continue;
    best = points;
    nearest = &mail;
  }
  if (nearest) out += "The nearest:\n    " + mailroom.describe(*nearest) + "\n" + wrong_with(awaited, *nearest);
  return out;
}

std::string write_capture(const std::string& text, const std::string& ending) {
  const char* chosen = std::getenv("PHX_TEST_CAPTURES");
  const std::filesystem::path folder =
      chosen && *chosen ? std::filesystem::path(chosen) : std::filesystem::path(::testing::TempDir()) / "phx-captures";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::filesystem::path path = folder / file_name(ending);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return "The capture could not be written to " + path.string() + " (set PHX_TEST_CAPTURES to a folder that can be)\n";
  return "Capture: " + path.string() + "\n";
}

std::string evidence(Mailroom& mailroom, const std::string& message) {
  return mailroom.describe() + write_capture(mailroom.capture(message.substr(0, message.find('\n'))), ".ndjson");
}

}  // namespace phx::testing::detail
