#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

#include <phx/core/json_fwd.hpp>

/// The parts every page has. Texts given as `html` are markup, all others are escaped here.
namespace phx::load::report {

/// printf for figures; at most 500 bytes, so never for texts.
std::string format(const char* pattern, auto... values) {
  std::array<char, 512> out{};
  std::snprintf(out.data(), out.size(), pattern, values...);
  return out.data();
}

std::string count_text(double n);       ///< "12,345"; "0.25" below 10
std::string bytes_text(double n);       ///< "12.5 KB"
std::string change_text(double share);  ///< "+12.3 %"
/// At most `most` bytes, cut between characters, with how many are missing.
std::string shortened(std::string_view text, std::size_t most);
/// Escaped and shortened: what any text from outside goes through.
std::string safe(std::string_view text, std::size_t most = 300);

std::string page(std::string_view title, std::string_view body_html);
std::string section(std::string_view title, std::string_view html);
std::string figure(std::string_view title, std::string_view note, std::string_view html);
std::string tile(std::string_view value, std::string_view label, std::string_view note, bool bad = false);
/// Masked, indented, in a <details>.
std::string json_details(std::string_view title, const Json& json, std::size_t most);

}  // namespace phx::load::report
