#include <phx/cli/program.hpp>

#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>

#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

namespace phx::cli {
namespace {

int as_int(ExitCode code) { return static_cast<int>(code); }

int complain(std::string_view program, std::string_view message, ExitCode code) {
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(program.size()), program.data(), static_cast<int>(message.size()), message.data());
  return as_int(code);
}

/// The deepest subcommand that was named, as the user would type it.
std::string command_path(const CLI::App& app) {
  std::string path = app.get_name();
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    path += ' ' + at->get_name();
  }
  return path;
}

int refuse(const CLI::App& app, const CLI::ParseError& error, std::string_view first_word) {
  if (error.get_exit_code() == 0) {  // --help, --version
    std::ostringstream out, err;
    app.exit(error, out, err);
    print(out.str());
    return as_int(ExitCode::pass);
  }
  const bool no_such_command =
      app.get_subcommands().empty() && error.get_name() == "RequiredError" && !first_word.empty() && first_word[0] != '-';
  const std::string what = no_such_command ? "there is no command '" + std::string(first_word) + "'" : std::string(error.what());
  return complain(app.get_name(), what + " (see " + command_path(app) + " --help)", ExitCode::usage);
}

}  // namespace

int run_program(CLI::App& app, int argc, char** argv, const std::function<ExitCode()>& command) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& e) { return refuse(app, e, argc > 1 ? argv[1] : ""); }
    return as_int(command());
  } catch (const Failure& e) { return complain(app.get_name(), e.what(), e.code()); } catch (const ClosedPipe&) {
    return as_int(ExitCode::pass);
  } catch (const std::exception& e) { return complain(app.get_name(), e.what(), ExitCode::error); }
}

namespace {

std::string refused(const std::string& text, const std::string& wanted) {
  return "'" + (text.size() > 40 ? text.substr(0, 37) + "..." : text) + "' is not " + wanted;
}

/// false for NaN, and for what is no number from the first character to the last.
bool is_number(const std::string& text, const std::function<bool(double)>& fits) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && fits(value);
}

constexpr double most_seconds = 1e9;

std::string short_number(double value) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%g", value);
  return out.data();
}

}  // namespace

std::string check_seconds(const std::string& text) {
  return is_number(text, [](double v) { return v > 0 && v <= most_seconds; }) ? "" : refused(text, "a number of seconds above 0");
}

std::string check_seconds_or_none(const std::string& text) {
  return is_number(text, [](double v) { return v >= 0 && v <= most_seconds; }) ? "" : refused(text, "a number of seconds from 0 on");
}

std::function<std::string(const std::string&)> check_number(double least, double most) {
  return [least, most](const std::string& text) {
    if (is_number(text, [&](double v) { return v >= least && v <= most; })) return std::string();
    return refused(text, "a number from " + short_number(least) + " to " + short_number(most));
  };
}

std::function<std::string(const std::string&)> check_count(std::uint64_t least, std::uint64_t most) {
  return [least, most](const std::string& text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc{} && at == end && value >= least && value <= most) return std::string();
    return refused(text, "a whole number from " + std::to_string(least) + (most == UINT64_MAX ? " on" : " to " + std::to_string(most)));
  };
}

std::string version_line(std::string_view program) { return std::string(program) + " " PHXKIT_VERSION; }

std::string read_file(const std::string& path, std::string_view what) {
  if (path == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  const auto refused = [&](const char* why) {
    return Failure(ExitCode::usage, "cannot read " + std::string(what) + " '" + path + "': " + why);
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw refused("it is a folder");
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.is_open() || in.bad()) throw refused(std::strerror(errno));
  return text;
}

namespace {

namespace fs = std::filesystem;

/// A plain file is replaced by one that was written beside it; a device stays what it is, and a link goes on pointing where it did.
std::string written_first(const std::string& path) {
  std::error_code none;
  const fs::file_status there = fs::symlink_status(path, none);
  return !fs::exists(there) || fs::is_regular_file(there) ? path + ".part" : path;
}

}  // namespace

void check_writable(const std::string& path, std::string_view flag) {
  if (path.empty()) return;
  const auto fail = [&](const std::string& what) { throw Failure(ExitCode::usage, std::string(flag) + " " + what); };
  if (fs::is_directory(path)) fail("'" + path + "' is a folder; name a file in it");
  const std::string first = written_first(path);
  std::FILE* trial = nullptr;
  const bool in_place = first == path;  // not opened twice: who reads a pipe would see it end
  if (in_place ? ::access(path.c_str(), W_OK) != 0 : (trial = std::fopen(first.c_str(), "wb")) == nullptr)
    fail("'" + path + "' cannot be written: " + std::strerror(errno));
  if (trial == nullptr) return;
  std::fclose(trial);
  std::remove(first.c_str());
}

void write_file(const std::string& path, std::string_view text) {
  if (path.empty()) return;
  const std::string first = written_first(path);
  const auto refuse = [&](int why) { throw Failure(ExitCode::error, "cannot write '" + path + "': " + std::strerror(why)); };
  std::FILE* file = std::fopen(first.c_str(), "wb");
  if (file == nullptr) refuse(errno);
  int error = std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0 ? 0 : errno;
  if (std::fclose(file) != 0 && error == 0) error = errno;
  if (error == 0 && first != path && std::rename(first.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return;
  if (first != path) std::remove(first.c_str());
  refuse(error);
}

}  // namespace phx::cli
