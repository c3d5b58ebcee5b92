#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <phx/cli/exit_code.hpp>

namespace CLI {
class App;
}

namespace phx::cli {

/// Ends the program with one line on stderr, `program: message`, and this code. Thrown by commands, printed by run_program.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// The body of a program's main(): parses, runs, turns every way out into an exit code. Help and version go to stdout with 0; a
/// command line that does not fit is one line on stderr that names the remedy, with 2. A closed stdout ends the program quietly.
/// `command` runs after a successful parse.
int run_program(CLI::App& app, int argc, char** argv, const std::function<ExitCode()>& command);

/// "phx 0.1.0"; the text of --version and `phx version`.
std::string version_line(std::string_view program);

// For CLI::Option::check: what is wrong with the text, in a short line whatever the text is; nothing: empty.
std::string check_seconds(const std::string& text);          ///< above zero
std::string check_seconds_or_none(const std::string& text);  ///< zero too
std::function<std::string(const std::string&)> check_count(std::uint64_t least, std::uint64_t most = UINT64_MAX);
std::function<std::string(const std::string&)> check_number(double least, double most);

/// A file's bytes; `-` is stdin. Throws Failure(usage) that names the file and why.
std::string read_file(const std::string& path, std::string_view what);

/// Before long work: throws Failure(usage), naming the flag and why, if nothing can be written there. An empty path is none.
void check_writable(const std::string& path, std::string_view flag);
/// Whole or not at all: who reads the file never sees a half of it. What is no plain file (/dev/stdout, a pipe) is written in place. An
/// empty path is none. Throws Failure(error) that names the file and why.
void write_file(const std::string& path, std::string_view text);

}  // namespace phx::cli
