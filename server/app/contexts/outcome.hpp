#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include <phx/store.hpp>

namespace phx::app {

using store::Timestamp;

/// Why a context said no: a word that clients can tell apart ("not_found", "forbidden", "not_your_turn"), and what is wrong by field.
struct Refusal {
  std::string reason;
  store::ErrorMap errors{};
};

template <class T>
using Outcome = tl::expected<T, Refusal>;

inline tl::unexpected<Refusal> refuse(std::string reason) { return tl::unexpected(Refusal{std::move(reason)}); }
inline tl::unexpected<Refusal> refuse(std::string reason, store::ErrorMap errors) {
  return tl::unexpected(Refusal{std::move(reason), std::move(errors)});
}

/// What Repo gave back, in the words of contexts.
template <class T>
Outcome<T> outcome(store::Saved<T> saved) {
  if (saved) return std::move(*saved);
  return refuse("invalid", saved.error().errors());
}

/// "42" of a path or topic. nullopt: no id at all, which is not found.
inline std::optional<std::int64_t> parse_id(std::string_view text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || id <= 0) return std::nullopt;
  return id;
}

inline Timestamp wall_now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

}  // namespace phx::app
