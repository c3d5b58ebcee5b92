#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <phx/core/json_fwd.hpp>

namespace phx::cli {

/// stdout carries data, stderr talk.
struct OutputOptions {
  bool json = false;    ///< --json: NDJSON also on a terminal
  bool pretty = false;  ///< --pretty: indented and coloured also into a pipe
  bool quiet = false;   ///< --quiet: no talk
};

/// Writes data lines and talk. On a terminal data is pretty and coloured (NO_COLOR is honoured), otherwise NDJSON. Each line is
/// flushed. Throws ClosedPipe when stdout's reader has gone.
class Output {
 public:
  explicit Output(OutputOptions options = {});

  void data(const Json& value);
  /// One line of data that is no JSON.
  void line(std::string text);
  void talk(std::string_view line);
  /// Talk that --quiet does not silence: what went wrong.
  void complain(std::string_view line);

  bool colour() const noexcept { return colour_; }
  /// Called before each write: for a program that edits a line on the same terminal.
  void before_each(std::function<void()> hook) { before_ = std::move(hook); }

 private:
  bool pretty_, colour_, quiet_;
  std::function<void()> before_;
};

/// stdout was closed by its reader: the program ends quietly with 0.
struct ClosedPipe {};

/// The whole text to stdout, flushed. Throws ClosedPipe when its reader has gone, Failure(error) when it cannot be written otherwise.
void print(std::string_view text);

}  // namespace phx::cli
