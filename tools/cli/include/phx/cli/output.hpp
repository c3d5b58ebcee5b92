#pragma once

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
  void talk(std::string_view line);

 private:
  bool pretty_, colour_, quiet_;
};

/// stdout was closed by its reader: the program ends quietly with 0.
struct ClosedPipe {};

}  // namespace phx::cli
