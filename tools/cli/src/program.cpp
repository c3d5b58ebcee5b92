#include <phx/cli/program.hpp>

#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>

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

std::string check_seconds(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool good = !text.empty() && *end == '\0' && value > 0 && value <= 1e9;  // false for NaN too
  return good ? "" : "'" + text + "' is not a number of seconds above 0";
}

std::function<std::string(const std::string&)> check_count(unsigned least) {
  return [least](const std::string& text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    const bool good = error == std::errc{} && at == end && value >= least;
    return good ? "" : "'" + text + "' is not a whole number from " + std::to_string(least) + " on";
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

}  // namespace phx::cli
