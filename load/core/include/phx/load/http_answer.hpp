#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace phx::load {

/// Reads the answers of one HTTP/1.1 connection to GET and POST requests, one after the other: content-length, chunked, or until the end.
/// Heads up to 64 KiB, bodies up to 16 MiB. Fed whole, in pieces and byte by byte it behaves the same.
class HttpAnswer {
 public:
  enum class State : std::uint8_t { more, complete, broken };

  /// Takes what belongs to this answer from the front of `bytes`.
  State feed(std::string_view& bytes);
  /// The peer has closed.
  State finish();
  /// Ready for the next answer.
  void reset();

  int status() const noexcept { return status_; }
  const std::string& body() const noexcept { return body_; }
  bool keeps_alive() const noexcept { return keep_alive_; }

 private:
  enum class Part : std::uint8_t { head, length, until_end, chunk_size, chunk, chunk_end, trailers, done, broken };

  bool take_line(std::string_view& bytes, std::string& line);
  bool on_head_line(std::string_view line);
  void on_head_end();
  void on_line(std::string_view line);
  void take_body(std::string_view& bytes);

  Part part_ = Part::head;
  std::string line_, body_;
  std::size_t head_bytes_ = 0;
  std::optional<std::uint64_t> length_;
  std::uint64_t left_ = 0;
  int status_ = 0;
  bool chunked_ = false, keep_alive_ = true, first_line_ = true;
};

}  // namespace phx::load
