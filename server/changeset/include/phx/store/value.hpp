#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <phx/core/json_fwd.hpp>

namespace phx::store {

/// UTC, microseconds: what both databases keep.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// Bytes that are no text.
struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

/// JSON as text, so that a Value is cheap to include.
struct JsonText {
  std::string text;
  bool operator==(const JsonText&) const = default;
};

/// What a column holds.       SQLite      PostgreSQL
///   integer  std::int64_t     INTEGER     bigint
///   real     double           REAL        double precision   (finite)
///   boolean  bool             INTEGER     boolean
///   text     std::string      TEXT        text               (UTF-8, no NUL)
///   timestamp                 TEXT        timestamp          (UTC, years 0000 to 9999)
///   json     phx::Json        TEXT        jsonb
///   blob     Blob             BLOB        bytea
enum class Type { integer, real, boolean, text, timestamp, json, blob };

/// One column of one row; NULL when default-made.
class Value {
 public:
  using Storage = std::variant<std::monostate, std::int64_t, double, bool, std::string, Timestamp, JsonText, Blob>;

  Value() = default;
  Value(std::nullptr_t) {}
  Value(std::nullopt_t) {}
  Value(std::same_as<bool> auto value) : storage_(value) {}
  /// Throws std::out_of_range for what does not fit 64 signed bits.
  template <std::integral I>
    requires(!std::same_as<I, bool>)
  Value(I value) : storage_(checked(value)) {}
  Value(std::floating_point auto value) : storage_(static_cast<double>(value)) {}
  Value(const char* text) : storage_(std::string(text)) {}
  Value(std::string_view text) : storage_(std::string(text)) {}
  Value(std::string text) : storage_(std::move(text)) {}
  Value(Timestamp time) : storage_(time) {}
  Value(JsonText json) : storage_(std::move(json)) {}
  Value(Blob blob) : storage_(std::move(blob)) {}
  Value(const Json& json);
  template <class T>
  Value(const std::optional<T>& value) {
    if (value) *this = Value(*value);
  }

  bool is_null() const noexcept { return std::holds_alternative<std::monostate>(storage_); }
  /// Null when it holds something else.
  template <class T>
  const T* get_if() const noexcept {
    return std::get_if<T>(&storage_);
  }
  const Storage& storage() const noexcept { return storage_; }
  /// Throws std::logic_error for what is not JSON.
  Json json() const;
  bool operator==(const Value&) const = default;

 private:
  template <std::integral I>
  static std::int64_t checked(I value) {
    if constexpr (std::unsigned_integral<I> && sizeof(I) >= sizeof(std::int64_t))
      if (value > static_cast<I>(std::numeric_limits<std::int64_t>::max())) throw std::out_of_range("an integer beyond 64 signed bits");
    return static_cast<std::int64_t>(value);
  }
  Storage storage_;
};

/// "2024-05-01T12:30:00.000000Z".
std::string format_timestamp(Timestamp time);
/// ISO 8601 with 'T' or a space, up to nine digits of fraction (beyond six they are dropped), 'Z', an offset or nothing (UTC). nullopt: not that.
std::optional<Timestamp> parse_timestamp(std::string_view text);

namespace detail {
template <class M>
struct MemberTraits;
template <class M>
  requires(std::integral<M> && !std::same_as<M, bool>)
struct MemberTraits<M> {
  static constexpr Type type = Type::integer;
};
template <std::floating_point M>
struct MemberTraits<M> {
  static constexpr Type type = Type::real;
};
template <>
struct MemberTraits<bool> {
  static constexpr Type type = Type::boolean;
};
template <>
struct MemberTraits<std::string> {
  static constexpr Type type = Type::text;
};
template <>
struct MemberTraits<Timestamp> {
  static constexpr Type type = Type::timestamp;
};
template <>
struct MemberTraits<Json> {
  static constexpr Type type = Type::json;
};
template <>
struct MemberTraits<Blob> {
  static constexpr Type type = Type::blob;
};
template <class M>
struct MemberTraits<std::optional<M>> : MemberTraits<M> {};

template <class M>
inline constexpr bool is_optional = false;
template <class M>
inline constexpr bool is_optional<std::optional<M>> = true;

void assign_json(Json& member, const Value& value);
[[noreturn]] void throw_wrong_type();

/// Writes a value into a member of a struct; NULL makes it empty.
template <class M>
void assign(M& member, const Value& value) {
  if constexpr (is_optional<M>) {
    if (value.is_null())
      member.reset();
    else
      assign(member.emplace(), value);
  } else if constexpr (std::same_as<M, Json>) {
    assign_json(member, value);
  } else if (value.is_null()) {
    member = M{};
  } else if constexpr (std::integral<M> && !std::same_as<M, bool>) {
    const auto* number = value.get_if<std::int64_t>();
    if (!number) throw_wrong_type();
    if (!std::in_range<M>(*number)) throw std::out_of_range("an integer that does not fit the member of the struct");
    member = static_cast<M>(*number);
  } else if constexpr (std::floating_point<M>) {
    if (const auto* number = value.get_if<double>())
      member = static_cast<M>(*number);
    else if (const auto* whole = value.get_if<std::int64_t>())
      member = static_cast<M>(*whole);
    else
      throw_wrong_type();
  } else {
    const auto* held = value.get_if<M>();
    if (!held) throw_wrong_type();
    member = *held;
  }
}
}  // namespace detail

}  // namespace phx::store
