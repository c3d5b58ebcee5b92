#pragma once

#include <string>
#include <string_view>

#include <phx/core/json_fwd.hpp>

/// How figures and texts of a result look to people: on the terminal, in Markdown, JUnit and HTML alike.
namespace phx::load {

std::string time_text(double us);  ///< "640 us", "12.5 ms", "2.00 s"
/// Of one of result.json's `gates`: its value with the unit of its figure, and its expression with the stage.
std::string gate_value_text(const Json& gate);
std::string gate_title(const Json& gate);
/// For text and attributes of HTML and XML. Control characters, which XML has no form for, become U+FFFD. text: UTF-8.
std::string escaped(std::string_view text);

}  // namespace phx::load
