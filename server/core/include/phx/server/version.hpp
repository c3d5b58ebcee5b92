#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phx::core {
class Serializer;
}

namespace phx::server {

/// MAJOR.MINOR.PATCH[-pre][+build], all three numbers required (semver 2).
struct Version {
  std::uint64_t major = 0, minor = 0, patch = 0;
  bool pre_release = false;
};
std::optional<Version> parse_version(std::string_view text);

/// `~> a.b.c`: at least a.b.c and below a.(b+1).0.
bool approximately(const Version& version, const Version& base) noexcept;

struct SerializerEntry {
  const core::Serializer* serializer;  ///< borrowed; they live for ever
  std::string requirement;             ///< "~> 2.0.0"
};

/// V1 for `~> 1.0.0`, V2 for `~> 2.0.0`.
std::vector<SerializerEntry> default_serializers();

/// First entry whose requirement the vsn meets; null when there is none (server.md 1.4).
const core::Serializer* negotiate(const std::vector<SerializerEntry>& entries, std::string_view vsn);

}  // namespace phx::server
