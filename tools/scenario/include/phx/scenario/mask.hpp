#pragma once

#include <string>
#include <string_view>

/// Secrets become `[FILTERED]`, Phoenix's word: values under names that say what they are (token, password, secret, authorization, cookie,
/// api_key, credential), and Phoenix tokens (SFMyNTY...) wherever they stand. Everything else keeps its bytes.
namespace phx::scenario {

inline constexpr std::string_view masked_text = "[FILTERED]";

bool is_secret_name(std::string_view name);

/// JSON, NDJSON, also JSON inside of strings (long-poll bodies); what is no JSON is searched for tokens only.
std::string mask_text(std::string_view text);
/// A form or the query of a URL, without `?`.
std::string mask_query(std::string_view query);
/// A URL or request target: its query; user and password too.
std::string mask_url(std::string_view url);
/// The value of a header.
std::string mask_header(std::string_view name, std::string_view value);

}  // namespace phx::scenario
