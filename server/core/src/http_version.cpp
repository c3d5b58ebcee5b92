#include <phx/server/version.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>

#include <phx/core/serializer.hpp>

namespace phx::server {

namespace {

/// Takes decimal digits without a superfluous zero in front.
bool take_number(std::string_view& text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || length == 0 || (length > 1 && text.front() == '0')) return false;
  text.remove_prefix(length);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// Dot-separated identifiers of letters, digits and hyphens, none of them empty.
bool valid_identifiers(std::string_view text) {
  const auto allowed = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.'; };
  return !text.empty() && text.front() != '.' && text.back() != '.' && text.find("..") == std::string_view::npos &&
         std::ranges::all_of(text, allowed);
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
  Version v;
  if (!take_number(text, v.major) || !take(text, '.') || !take_number(text, v.minor) || !take(text, '.') || !take_number(text, v.patch))
    return std::nullopt;
  const auto plus = text.find('+');
  const auto pre = text.substr(0, plus);
  if (plus != std::string_view::npos && !valid_identifiers(text.substr(plus + 1))) return std::nullopt;
  if (pre.empty()) return v;
  if (pre.front() != '-' || !valid_identifiers(pre.substr(1))) return std::nullopt;
  v.pre_release = true;
  return v;
}

bool approximately(const Version& version, const Version& base) noexcept {
  if (version.major != base.major || version.minor != base.minor) return false;
  // A pre-release of x.y.z comes before x.y.z.
  return version.patch > base.patch || (version.patch == base.patch && !version.pre_release);
}

std::vector<SerializerEntry> default_serializers() { return {{&core::v1_serializer(), "~> 1.0.0"}, {&core::v2_serializer(), "~> 2.0.0"}}; }

const core::Serializer* negotiate(const std::vector<SerializerEntry>& entries, std::string_view vsn) {
  const auto version = parse_version(vsn);
  if (!version) return nullptr;
  for (const auto& entry : entries) {
    std::string_view requirement = entry.requirement;
    if (!requirement.starts_with("~> ")) continue;
    const auto base = parse_version(requirement.substr(3));
    if (base && approximately(*version, *base)) return entry.serializer;
  }
  return nullptr;
}

}  // namespace phx::server
