// parity_player: scripts as NDJSON on stdin, logs as NDJSON on stdout, one line each. Grammar: README.md.
#include <exception>
#include <iostream>
#include <string>

#include <phx/core/json.hpp>

#include "player.hpp"

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    const auto script = phx::parse_json(line);
    if (!script) {
      std::cerr << "parity_player: a line is no JSON: " << script.error().message() << '\n';
      return 2;
    }
    try {
      std::cout << phx::parity::Player(*script).play() << '\n' << std::flush;
    } catch (const std::exception& e) {
      std::cerr << "parity_player: seed " << script->value("seed", 0) << ": " << e.what() << '\n';
      return 2;
    }
  }
  return 0;
}
