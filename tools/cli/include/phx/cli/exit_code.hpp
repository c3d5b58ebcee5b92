#pragma once

namespace phx::cli {

/// Exit codes of all programs. API: scripts and CI depend on them.
enum class ExitCode : int {
  pass = 0,
  error = 1,
  usage = 2,           ///< usage, or a bad file
  cannot_connect = 3,  ///< refused upgrade (any HTTP status), DNS, TLS, TCP
  check_failed = 4,    ///< an assertion failed, or the server answered "error"
  gate_failed = 5,     ///< a gate (SLO) failed
  overloaded = 6,      ///< the generator was the bottleneck: the result is not trustworthy
  aborted = 7,         ///< aborted by a gate
  timed_out = 124,
  interrupted = 130,
};

}  // namespace phx::cli
