#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace phx::conformance {

/// What a client with permessage-deflate reads: one window for the whole connection. No code of the libraries under test.
class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;

  /// Throws std::runtime_error for broken data.
  std::string inflate(std::string_view payload);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A gzip member without optional fields (RFC 1952). Throws std::runtime_error for anything else.
std::string gunzip(std::string_view bytes);

}  // namespace phx::conformance
