#include <phx/cli/program.hpp>

#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
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
    std::fputs(out.str().c_str(), stdout);
    return std::fflush(stdout) == 0 ? 0 : as_int(ExitCode::error);
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
    app.parse(argc, argv);
    return as_int(command());
  } catch (const CLI::ParseError& e) { return refuse(app, e, argc > 1 ? argv[1] : ""); } catch (const Failure& e) {
    return complain(app.get_name(), e.what(), e.code());
  } catch (const ClosedPipe&) { return as_int(ExitCode::pass); } catch (const std::exception& e) {
    return complain(app.get_name(), e.what(), ExitCode::error);
  }
}

std::string version_line(std::string_view program) { return std::string(program) + " " PHXKIT_VERSION; }

std::string read_file(const std::string& path, std::string_view what) {
  if (path == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.is_open() || in.bad())
    throw Failure(ExitCode::usage, "cannot read " + std::string(what) + " '" + path + "': " + std::strerror(errno));
  return text;
}

}  // namespace phx::cli
