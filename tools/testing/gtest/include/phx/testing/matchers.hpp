#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/scenario/pattern.hpp>

#include <gmock/gmock.h>

namespace phx::testing {

using JsonMatcher = ::testing::Matcher<const Json&>;

/// Elixir's `%{...} = payload`: objects may have further keys; everything else must be equal (1 equals 1.0). {} fits any object.
/// Its explanation names every place that does not fit: `/body: expected "hi", got "ho"; /n: expected 1, got nothing`.
JsonMatcher HasSubset(const Json& pattern);

/// Any pattern of scenario files: Fits(Pattern::object({{"body", Pattern::regex("^hi")}, {"id", Pattern::absent()}})).
JsonMatcher Fits(scenario::Pattern pattern);

/// The expression language of files and flags, on the payload: Satisfies("n >= 3 and body =~ '^hi'").
/// Throws std::invalid_argument with the column of what is wrong.
JsonMatcher Satisfies(std::string_view expression);

enum class JsonType { string, number, integer, boolean, object, array, null, binary };
JsonMatcher IsType(JsonType type);

namespace detail {
/// What lies at a path; null pointer: nothing. Keys and list indices joined by dots; "" is the value itself.
const Json* at_path(const Json& value, std::string_view path);
JsonMatcher at(std::string path, JsonMatcher inner);

template <class M>
JsonMatcher json_matcher(M&& m) {
  using T = std::remove_cvref_t<M>;
  if constexpr (std::same_as<T, Json> || std::integral<T> || std::floating_point<T> || std::convertible_to<T, std::string>)
    return HasSubset(Json(std::forward<M>(m)));
  else if constexpr (std::same_as<T, scenario::Pattern>)
    return Fits(std::forward<M>(m));
  else
    return ::testing::SafeMatcherCast<const Json&>(std::forward<M>(m));
}
}  // namespace detail

/// The value at `path` fits: At("user.id", 7), At("items.0", HasSubset(obj("id", 1))), At("body", IsType(JsonType::string)).
template <class M>
JsonMatcher At(std::string path, M&& inner) {
  return detail::at(std::move(path), detail::json_matcher(std::forward<M>(inner)));
}

/// There is nothing at `path`.
JsonMatcher Absent(std::string path);

/// Fits everything of type T and keeps it: std::int64_t id = 0; assert_reply(ref, "ok", At("id", Capture(&id))).
template <class T>
JsonMatcher Capture(T* into) {
  return ::testing::ResultOf(
      "captured value",
      [into](const Json& value) {
        if constexpr (std::same_as<T, Json>) {
          *into = value;
          return true;
        } else if constexpr (std::same_as<T, std::string>) {
          return value.is_string() && (*into = value.get<T>(), true);
        } else if constexpr (std::same_as<T, bool>) {
          return value.is_boolean() && (*into = value.get<T>(), true);
        } else {
          return (std::floating_point<T> ? value.is_number() : value.is_number_integer()) && (*into = value.get<T>(), true);
        }
      },
      ::testing::IsTrue());
}

/// A payload as assertions take it: a Json is a pattern, as in Elixir; or any matcher.
class PayloadPattern {
 public:
  PayloadPattern() : matcher_(::testing::An<const Json&>()) {}
  template <class M>
    requires(!std::same_as<std::remove_cvref_t<M>, PayloadPattern>)
  PayloadPattern(M&& m) : matcher_(detail::json_matcher(std::forward<M>(m))) {}  // NOLINT

  bool matches(const Json& value) const { return matcher_.Matches(value); }
  std::string describe() const;                  ///< "has {"reason":"x"}"; empty: anything
  std::string explain(const Json& value) const;  ///< what does not fit

 private:
  JsonMatcher matcher_;
};

/// Text for people, on one line, cut when long; bytes as {"$binary":"..."}.
std::string preview(const Json& value, std::size_t limit = 300);

}  // namespace phx::testing
