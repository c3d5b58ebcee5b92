#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/envelope.hpp>
#include <phx/core/json.hpp>

/// The transcripts of tests/golden/*.json as values. Layout: tests/golden/README.md.
namespace phx::golden {

struct Step {
  enum class Kind { connect, send, recv, nothing_more, note };
  Kind kind = Kind::note;
  std::string conn;                   ///< A, B, ...; empty for a note
  std::string type;                   ///< send and recv: text, binary, close, ping, pong, raw_frame, tcp_close, tcp_fin
  std::string data;                   ///< bytes of the message, expanded: from data, data_parts or hex
  bool has_data = false;              ///< false: a long frame whose content is only described
  std::chrono::milliseconds wait{0};  ///< pause before this step, or time of observed silence
  Json json;                          ///< the whole step, for everything else

  bool is_message() const { return has_data && (type == "text" || type == "binary"); }
  core::Opcode opcode() const { return type == "binary" ? core::Opcode::binary : core::Opcode::text; }
};

struct Exchange {
  std::string label, method, path, body;  ///< path and body expanded (parts, hex)
  Json request, response;                 ///< request with header_parts and extra_headers merged into `headers`
  Json json;
};

struct Case {
  std::string name, description;
  std::vector<Step> steps;
  std::vector<Exchange> exchanges;
  Json json;

  /// The vsn of the connection: 1 where the path names none.
  int vsn(std::string_view conn) const;
};

/// tests/golden/<file>.json. Throws std::runtime_error naming the file when it cannot be read.
std::vector<Case> load(std::string_view file);

/// Strings and [string, count] repetitions in order; or {template, from, to, join}, a line per number.
std::string expand_parts(const Json& parts);

/// Bytes of a hex text. Throws std::invalid_argument.
std::string from_hex(std::string_view hex);
std::string to_hex(std::string_view bytes);

}  // namespace phx::golden
