#pragma once

#include <map>
#include <set>
#include <string>

#include <phx/core/json.hpp>

namespace phx::conformance {

/// Members of a topic as one client sees them, for comparing where order and batching of diffs are free. Idempotent, as clients must be
/// (server.md 8.2). Equal when the same metas are there, refs apart: the numbers of the recording follow its order of arrival.
class PresenceView {
 public:
  /// A presence_state or presence_diff message, V2.
  void apply(const Json& message);
  bool operator==(const PresenceView& other) const { return metas() == other.metas(); }
  std::string text() const;

 private:
  using Metas = std::map<std::string, std::multiset<std::string>>;
  void join(const Json& entries);
  void leave(const Json& entries);
  Metas metas() const;

  std::map<std::string, std::map<std::string, std::string>> members_;  // key -> phx_ref -> the rest of the meta
};

}  // namespace phx::conformance
