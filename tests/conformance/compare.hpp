#pragma once

#include <map>
#include <string>
#include <string_view>

#include <phx/core/json.hpp>

namespace phx::conformance {

/// What the placeholders of a case stand for (tests/golden/README.md): `<phx_ref:1>` is the same value wherever it appears.
class Bindings {
 public:
  /// True when `got` is `expected`, placeholders standing for their values. New placeholders are bound; on false nothing is.
  bool matches(const Json& expected, const Json& got);
  /// For texts that are no JSON.
  bool matches_text(std::string_view expected, std::string_view got);
  /// `text` with the values of all placeholders that are known.
  std::string fill(std::string text) const;

 private:
  using Values = std::map<std::string, std::string, std::less<>>;
  static bool same(const Json& expected, const Json& got, Values& values);
  static bool same_text(std::string_view expected, std::string_view got, Values& values);
  static bool bind(std::string_view placeholder, std::string_view got, Values& values);

  Values values_;
};

}  // namespace phx::conformance
