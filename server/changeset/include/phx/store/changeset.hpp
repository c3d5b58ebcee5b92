#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include <phx/store/schema.hpp>

namespace phx::store {

/// Field -> messages, newest first: what `{"errors": ...}` of a 422 shows.
using ErrorMap = std::map<std::string, std::vector<std::string>>;

/// One refusal. `%{count}` in the message stands for the option "count".
struct FieldError {
  std::string field, message;
  std::map<std::string, std::string> options;
  std::string interpolated() const;
  bool operator==(const FieldError&) const = default;
};

enum class Action { none, validate, insert, update, remove };
enum class ConstraintKind { unique, foreign_key, check };

/// What the database checks: when the constraint of this name refuses a row, `field` gets `message`.
struct Constraint {
  ConstraintKind kind;
  std::string name, field, message;
};

/// Params that are no JSON object: the client's mistake, a 400.
struct CastError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// A compiled regular expression (Perl syntax, bytes). Make it once, use it from any thread. Throws std::invalid_argument for a bad one.
class Pattern {
 public:
  Pattern(const char* regex);
  /// Whether it is found in text. An expression that would take too long does not match.
  bool found_in(std::string_view text) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

struct LengthOptions {
  std::optional<std::size_t> is{}, min{}, max{};  ///< code points of text, bytes of a blob
  std::string message{};                          ///< instead of the usual one
};

struct NumberOptions {
  std::optional<double> less_than{}, greater_than{}, less_than_or_equal_to{}, greater_than_or_equal_to{}, equal_to{}, not_equal_to{};
  std::string message{};
};

struct Message {
  std::string text{};  ///< empty: the usual one
};

using FieldNames = std::initializer_list<std::string_view>;

/// What a Changeset is without its C++ type: changes to a record, errors, constraints.
class ChangesetBase {
 public:
  bool valid() const noexcept { return errors_.empty(); }
  Action action() const noexcept { return action_; }
  const SchemaView& schema() const noexcept { return *schema_; }
  const std::map<std::string, Value, std::less<>>& changes() const noexcept { return changes_; }
  const std::vector<Constraint>& constraints() const noexcept { return constraints_; }

  /// Newest first, as Ecto's.
  const std::vector<FieldError>& error_list() const noexcept { return errors_; }
  ErrorMap errors() const;
  /// Ecto's traverse_errors: for translations.
  ErrorMap traverse_errors(const std::function<std::string(const FieldError&)>& message) const;

  /// The change, or null: unchanged.
  const Value* get_change(std::string_view field) const;
  /// The change, or the record's value.
  Value get_field(std::string_view field) const;
  /// As get_field for text; empty when NULL.
  std::string get_text(std::string_view field) const;

 protected:
  ChangesetBase(const SchemaView& schema, std::vector<Value> record, std::vector<Value> fresh);
  void do_cast(const Json& params, FieldNames allowed);
  void do_put(std::string_view field, Value value);
  void do_delete(std::string_view field);
  void do_error(std::string_view field, std::string message, std::map<std::string, std::string> options);
  void do_required(FieldNames fields, const Message& message);
  void do_format(std::string_view field, const Pattern& pattern, const Message& message);
  void do_length(std::string_view field, const LengthOptions& options);
  void do_number(std::string_view field, const NumberOptions& options);
  void do_inclusion(std::string_view field, const std::vector<Value>& values, const Message& message);
  void do_exclusion(std::string_view field, const std::vector<Value>& values, const Message& message);
  void do_confirmation(std::string_view field, bool required, const Message& message);
  void do_acceptance(std::string_view field, const Message& message);
  void do_change_check(std::string_view field, const std::function<std::optional<std::string>(const Value&)>& check);
  void do_constraint(Constraint constraint);
  void set_action(Action action) noexcept { action_ = action; }
  /// Turns a refusal of the database into an error. False: no constraint of this name was announced.
  bool refused(ConstraintKind kind, std::string_view name);

  std::vector<Value> applied() const;
  const std::vector<Value>& record() const noexcept { return record_; }
  friend class Repo;

 private:
  void cast_field(const Field& field, const Json& param);
  bool is_blank(const Field& field) const;
  bool is_new() const;
  const Value* checked_change(std::string_view field) const;

  const SchemaView* schema_;
  std::vector<Value> record_, fresh_;  // in the order of the schema
  std::map<std::string, Value, std::less<>> changes_;
  std::set<std::string, std::less<>> given_, emptied_;  // params that held something, or nothing
  std::vector<FieldError> errors_;
  std::vector<Constraint> constraints_;
  std::shared_ptr<const Json> params_;
  Action action_ = Action::none;
};

/// Ecto's changeset: what a client may change of a record, whether it may, and why not.
///
///   Changeset<User> changeset(User user, const Json& params) {
///     static const Pattern email("^[^\\s@]+@[^\\s@]+$");
///     return cast(std::move(user), params, {"email", "name"})     // nothing else gets through: no mass assignment
///         .validate_required({"email"})
///         .validate_format("email", email)
///         .validate_length("name", {.max = 80})
///         .unique_constraint("email");
///   }
///
/// A value. Wrong field names throw std::invalid_argument. Validations look at changes only, as in Ecto; `required` also at the record.
/// A member that is no std::optional counts as blank in a new record (no primary key yet) while it is 0 or empty and no param gave it.
template <class T>
class Changeset : public ChangesetBase {
 public:
  explicit Changeset(T data = {}) : ChangesetBase(schema_of<T>(), values(data), values(T{})), data_(std::move(data)) {}

  const T& data() const noexcept { return data_; }
  /// The record with all changes, valid or not.
  T apply_changes() const {
    T out = data_;
    const auto next = applied();
    for (std::size_t i = 0; i < next.size(); ++i)
      if (next[i] != record()[i]) schema().fields[i].set(&out, next[i]);
    return out;
  }
  /// For data that is no row: the record if valid, else the changeset with its action set so that forms show the errors.
  tl::expected<T, Changeset> apply_action(Action action) const {
    if (valid()) return apply_changes();
    Changeset failed = *this;
    failed.set_action(action);
    return tl::unexpected(std::move(failed));
  }

  /// Takes the allowed params, turned into the types of their fields; "is invalid" where that cannot be. Blank text counts as nothing. Throws CastError.
  Changeset& cast(const Json& params, FieldNames allowed) { return do_cast(params, allowed), *this; }
  /// For trusted values; no cast, no validation. A value equal to the record's is no change.
  Changeset& put_change(std::string_view field, Value value) { return do_put(field, std::move(value)), *this; }
  Changeset& delete_change(std::string_view field) { return do_delete(field), *this; }
  Changeset& add_error(std::string_view field, std::string message, std::map<std::string, std::string> options = {}) {
    return do_error(field, std::move(message), std::move(options)), *this;
  }

  Changeset& validate_required(FieldNames fields, const Message& message = {}) { return do_required(fields, message), *this; }
  Changeset& validate_format(std::string_view field, const Pattern& pattern, const Message& message = {}) {
    return do_format(field, pattern, message), *this;
  }
  Changeset& validate_length(std::string_view field, const LengthOptions& options) { return do_length(field, options), *this; }
  Changeset& validate_number(std::string_view field, const NumberOptions& options) { return do_number(field, options), *this; }
  Changeset& validate_inclusion(std::string_view field, const std::vector<Value>& values, const Message& message = {}) {
    return do_inclusion(field, values, message), *this;
  }
  Changeset& validate_exclusion(std::string_view field, const std::vector<Value>& values, const Message& message = {}) {
    return do_exclusion(field, values, message), *this;
  }
  /// Compares with the param `<field>_confirmation`, if there is one.
  Changeset& validate_confirmation(std::string_view field, const Message& message = {}) {
    return do_confirmation(field, false, message), *this;
  }
  Changeset& validate_required_confirmation(std::string_view field, const Message& message = {}) {
    return do_confirmation(field, true, message), *this;
  }
  Changeset& validate_acceptance(std::string_view field, const Message& message = {}) { return do_acceptance(field, message), *this; }
  /// check: a message if the new value is refused. Not called for NULL.
  Changeset& validate_change(std::string_view field, const std::function<std::optional<std::string>(const Value&)>& check) {
    return do_change_check(field, check), *this;
  }
  /// Anything that looks at several fields: f(changeset).
  template <class F>
  Changeset& pipe(F&& f) {
    std::forward<F>(f)(*this);
    return *this;
  }

  /// name: empty is `<table>_<field>_index`, the name Migrator::create_index gives.
  Changeset& unique_constraint(std::string_view field, std::string name = {}, std::string message = "has already been taken") {
    return constraint(ConstraintKind::unique, field, std::move(name), "_index", std::move(message));
  }
  /// name: empty is `<table>_<field>_fkey`. On SQLite foreign keys are always known by that name.
  Changeset& foreign_key_constraint(std::string_view field, std::string name = {}, std::string message = "does not exist") {
    return constraint(ConstraintKind::foreign_key, field, std::move(name), "_fkey", std::move(message));
  }
  /// Before a delete: rows of `table` still refer to this one by `column`. The error goes to the field `table`.
  Changeset& no_assoc_constraint(const std::string& table, const std::string& column,
                                 std::string message = "are still associated with this entry") {
    return do_constraint({ConstraintKind::foreign_key, table + "_" + column + "_fkey", table, std::move(message)}), *this;
  }
  Changeset& check_constraint(std::string_view field, std::string name, std::string message = "is invalid") {
    return constraint(ConstraintKind::check, field, std::move(name), "_check", std::move(message));
  }

 private:
  friend class Repo;
  static std::vector<Value> values(const T& data) {
    std::vector<Value> out;
    for (const auto& field : schema_of<T>().fields) out.push_back(field.get(&data));
    return out;
  }
  Changeset& constraint(ConstraintKind kind, std::string_view field, std::string name, std::string_view suffix, std::string message) {
    if (name.empty()) name = std::string(schema().table) + "_" + std::string(field) + std::string(suffix);
    return do_constraint({kind, std::move(name), std::string(field), std::move(message)}), *this;
  }
  T data_;
};

/// cast(user, params, {"email"}) begins most changeset functions.
template <class T>
Changeset<T> cast(T data, const Json& params, FieldNames allowed) {
  Changeset<T> out(std::move(data));
  out.cast(params, allowed);
  return out;
}

/// For values of the program itself.
template <class T>
Changeset<T> change(T data, const std::map<std::string, Value>& values = {}) {
  Changeset<T> out(std::move(data));
  for (const auto& [field, value] : values) out.put_change(field, value);
  return out;
}

}  // namespace phx::store
