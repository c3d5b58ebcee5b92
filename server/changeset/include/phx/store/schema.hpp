#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <phx/store/value.hpp>

namespace phx::store {

/// What is special about a field.
enum class Role {
  plain,
  primary_key,    ///< an integer that is 0 is given by the database
  virtual_field,  ///< in the struct and its changesets, not in the table (a password before it is hashed)
  inserted_at,    ///< Timestamp, set by Repo::insert unless it is set
  updated_at,     ///< Timestamp, set by Repo::insert and Repo::update
  lock_version,   ///< integer: an update of an older row is refused with StaleEntryError
};

struct Field {
  std::string_view name;
  Type type;
  bool nullable;  ///< the member is a std::optional
  Role role;
  Value (*get)(const void* record);
  void (*set)(void* record, const Value& value);

  constexpr bool persisted() const noexcept { return role != Role::virtual_field; }
};

template <std::size_t N>
struct Schema {
  std::string_view table;
  std::array<Field, N> fields;
};

/// A schema without its C++ type. Lives as long as the program.
struct SchemaView {
  std::string_view table;
  std::span<const Field> fields;

  const Field* find(std::string_view name) const noexcept {
    for (const auto& field : fields)
      if (field.name == name) return &field;
    return nullptr;
  }
  const Field* with(Role role) const noexcept {
    for (const auto& field : fields)
      if (field.role == role) return &field;
    return nullptr;
  }
  /// Throws std::invalid_argument naming the table for a field it has not.
  const Field& at(std::string_view name) const;
  std::size_t index(const Field& field) const noexcept { return static_cast<std::size_t>(&field - fields.data()); }
};

namespace detail {
template <class>
struct MemberPointer;
template <class T, class M>
struct MemberPointer<M T::*> {
  using Record = T;
  using Member = M;
};
}  // namespace detail

/// One line of a schema: field<&User::email>("email").
template <auto Member>
constexpr Field field(std::string_view name, Role role = Role::plain) {
  using P = detail::MemberPointer<decltype(Member)>;
  using Record = typename P::Record;
  using M = typename P::Member;
  return {name,
          detail::MemberTraits<M>::type,
          detail::is_optional<M>,
          role,
          [](const void* record) { return Value(static_cast<const Record*>(record)->*Member); },
          [](void* record, const Value& value) { detail::assign(static_cast<Record*>(record)->*Member, value); }};
}

/// struct User {
///   std::int64_t id = 0;
///   std::string email;
///   std::optional<std::string> name;
///   static constexpr auto schema() {
///     return phx::store::schema("users", field<&User::id>("id", Role::primary_key), field<&User::email>("email"), field<&User::name>("name"));
///   }
/// };
template <class... Fields>
constexpr Schema<sizeof...(Fields)> schema(std::string_view table, Fields... fields) {
  return {table, {fields...}};
}

template <class T>
const SchemaView& schema_of() {
  static constexpr auto made = T::schema();
  static constexpr SchemaView view{made.table, made.fields};
  return view;
}

}  // namespace phx::store
