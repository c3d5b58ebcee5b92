#pragma once

#include <functional>

#include <phx/cli/exit_code.hpp>

namespace CLI {
class App;
}

namespace phx::cli {

/// What a subcommand does once the command line has been parsed.
using Command = std::function<ExitCode()>;

// Each adds its subcommand to `app`; when it was named, `chosen` is set.
void add_join(CLI::App& app, Command& chosen);
void add_push(CLI::App& app, Command& chosen);
void add_presence(CLI::App& app, Command& chosen);
void add_ping(CLI::App& app, Command& chosen);
void add_token(CLI::App& app, Command& chosen);
void add_test(CLI::App& app, Command& chosen);
void add_http(CLI::App& app, Command& chosen);
void add_doctor(CLI::App& app, Command& chosen);
void add_context(CLI::App& app, Command& chosen);
/// `completion` and `man`: of all that `app` has when they run.
void add_completion(CLI::App& app, Command& chosen);
void add_record(CLI::App& app, Command& chosen);
void add_proxy(CLI::App& app, Command& chosen);
void add_replay(CLI::App& app, Command& chosen);
void add_capture(CLI::App& app, Command& chosen);
void add_conformance(CLI::App& app, Command& chosen);
void add_shell(CLI::App& app, Command& chosen);

}  // namespace phx::cli
