#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phx::relay {

/// The head of a request or an answer. Lines keep their spelling.
struct HttpHead {
  std::string first;                                        ///< "GET /x HTTP/1.1" or "HTTP/1.1 200 OK"
  std::vector<std::pair<std::string, std::string>> fields;  ///< names as sent, values without blanks around

  /// text: up to and without the empty line. Nothing: no HTTP.
  static std::optional<HttpHead> parse(std::string_view text);
  std::string_view field(std::string_view lower_name) const noexcept;  ///< of equal names the first; empty: none
  void set(std::string_view name, std::string_view value);             ///< instead of all of that name
  void remove(std::string_view name);
  std::string text() const;  ///< with the empty line

  std::string_view method() const noexcept;
  std::string_view target() const noexcept;
  int status() const noexcept;  ///< of an answer; 0: it is none
  bool wants_websocket() const noexcept;
};

/// Collects one HTTP message from its bytes, for those who look on: head, then body by length, in chunks, or to the end of the connection.
/// Interim answers (1xx but 101) are skipped. A body beyond max_body is cut off there. Fed whole or in pieces it behaves the same.
class HttpMessage {
 public:
  enum class Role { request, answer };
  static constexpr std::size_t max_head = 64u << 10, max_body = 16u << 20;

  explicit HttpMessage(Role role) noexcept : role_(role) {}
  void feed(std::string_view bytes);
  /// The connection ended.
  void finish();

  bool failed() const noexcept { return stage_ == Stage::failed; }
  bool has_head() const noexcept { return head_.has_value(); }
  bool complete() const noexcept { return stage_ == Stage::complete; }
  const HttpHead& head() const noexcept { return *head_; }
  const std::string& body() const noexcept { return body_; }

 private:
  enum class Stage { head, length, chunk_size, chunk, chunk_end, to_end, complete, failed };
  std::size_t take(std::string_view bytes);
  std::size_t take_head(std::string_view bytes);
  std::size_t take_line(std::string_view bytes);
  std::size_t take_body(std::string_view bytes, bool counted);
  void on_head();
  void on_chunk_size();

  Role role_;
  Stage stage_ = Stage::head;
  std::optional<HttpHead> head_;
  std::string pending_, body_;
  std::size_t left_ = 0;
};

}  // namespace phx::relay
