#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace phx::conformance {

using std::chrono::milliseconds;

/// How long an answer of the server may take.
inline constexpr milliseconds patience{5000};

/// One connection to the server under test: bytes, nothing else.
class Stream {
 public:
  virtual ~Stream() = default;

  enum class Read : std::uint8_t { data, silence, end };

  virtual void write(std::string_view bytes) = 0;
  /// Appends what has arrived; waits for it no longer than `wait`.
  virtual Read read(std::string& into, milliseconds wait) = 0;
};

/// Where the server under test is.
class Host {
 public:
  virtual ~Host() = default;
  virtual std::unique_ptr<Stream> dial() = 0;
  virtual void pause(milliseconds time) = 0;
};

}  // namespace phx::conformance
