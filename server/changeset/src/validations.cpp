#include <phx/store/changeset.hpp>

#include <phx/store/detail/cast.hpp>

#include <phx/core/json.hpp>

#include <boost/regex.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace phx::store {

namespace {

/// 0, the epoch, nothing: what a member of a struct is before anybody gave it a value. A boolean always has one.
bool zero_like(const Value& value) {
  if (const auto* text = value.get_if<std::string>()) return detail::blank(*text);
  if (const auto* number = value.get_if<std::int64_t>()) return *number == 0;
  if (const auto* real = value.get_if<double>()) return *real == 0;
  if (const auto* time = value.get_if<Timestamp>()) return *time == Timestamp{};
  if (const auto* blob = value.get_if<Blob>()) return blob->bytes.empty();
  if (const auto* json = value.get_if<JsonText>()) return json->text == "null";
  return value.is_null();
}

bool nothing(const Value& value) {
  const auto* text = value.get_if<std::string>();
  return value.is_null() || (text && detail::blank(*text));
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string or_else(const std::string& given, const char* usual) { return given.empty() ? usual : given; }

std::string number_text(double number) {
  char buffer[32];
  const char* form = number == std::floor(number) && std::fabs(number) < 1e15 ? "%.0f" : "%.15g";
  return {buffer, static_cast<std::size_t>(std::snprintf(buffer, sizeof buffer, form, number))};
}

}  // namespace

struct Pattern::Impl {
  boost::regex regex;
};

Pattern::Pattern(const char* regex) {
  try {
    impl_ = std::make_shared<const Impl>(Impl{boost::regex(regex)});
  } catch (const boost::regex_error& error) { throw std::invalid_argument(std::string("Pattern \"") + regex + "\": " + error.what()); }
}

bool Pattern::found_in(std::string_view text) const {
  try {
    return boost::regex_search(text.begin(), text.end(), impl_->regex);
  } catch (const std::runtime_error&) {  // Boost gives up on an expression that back-tracks without end
    return false;
  }
}

bool ChangesetBase::is_new() const {
  const Field* key = schema_->with(Role::primary_key);
  return !key || zero_like(record_[schema_->index(*key)]);
}

bool ChangesetBase::is_blank(const Field& field) const {
  if (emptied_.contains(field.name)) {
    const Value* put = get_change(field.name);  // a put_change after the cast counts
    return !put || *put == fresh_[schema_->index(field)] || nothing(*put);
  }
  if (const Value* changed = get_change(field.name)) return nothing(*changed);
  if (given_.contains(field.name)) return false;
  const Value& held = record_[schema_->index(field)];
  return nothing(held) || (!field.nullable && is_new() && zero_like(held));
}

void ChangesetBase::do_required(FieldNames fields, const Message& message) {
  const auto refused_before = [&](std::string_view name) {
    return std::any_of(errors_.begin(), errors_.end(), [&](const FieldError& error) { return error.field == name; });
  };
  for (const auto name : fields) {
    const Field& field = schema_->at(name);
    if (!refused_before(name) && is_blank(field)) do_error(name, or_else(message.text, "can't be blank"), {});
  }
}

/// The change validations look at: none for NULL.
const Value* ChangesetBase::checked_change(std::string_view field) const {
  const Value* value = get_change(field);
  return value && !value->is_null() && !emptied_.contains(field) ? value : nullptr;
}

void ChangesetBase::do_format(std::string_view field, const Pattern& pattern, const Message& message) {
  const Value* value = checked_change(field);
  if (!value) return;
  const auto* text = value->get_if<std::string>();
  if (!text || !pattern.found_in(*text)) do_error(field, or_else(message.text, "has invalid format"), {});
}

void ChangesetBase::do_length(std::string_view field, const LengthOptions& options) {
  const Value* value = checked_change(field);
  if (!value) return;
  const auto* text = value->get_if<std::string>();
  const auto* blob = value->get_if<Blob>();
  if (!text && !blob) throw std::invalid_argument("validate_length: \"" + std::string(field) + "\" is neither text nor a blob");
  const std::size_t length = text ? code_points(*text) : blob->bytes.size();
  const auto refuse = [&](std::string_view how, std::size_t count) {
    const std::string usual = "should be " + std::string(how) + "%{count} " + (text ? "character(s)" : "byte(s)");
    do_error(field, or_else(options.message, usual.c_str()), {{"count", std::to_string(count)}});
  };
  if (options.is && length != *options.is) return refuse("", *options.is);
  if (options.min && length < *options.min) return refuse("at least ", *options.min);
  if (options.max && length > *options.max) return refuse("at most ", *options.max);
}

void ChangesetBase::do_number(std::string_view field, const NumberOptions& options) {
  const Value* value = checked_change(field);
  if (!value) return;
  const auto* whole = value->get_if<std::int64_t>();
  const auto* real = value->get_if<double>();
  if (!whole && !real) throw std::invalid_argument("validate_number: \"" + std::string(field) + "\" is no number");
  const auto number =
      whole ? static_cast<long double>(*whole) : static_cast<long double>(*real);  // 64 bits of mantissa: integers stay exact
  const auto check = [&](const std::optional<double>& limit, bool (*holds)(long double, long double), const char* usual) {
    if (!limit || holds(number, static_cast<long double>(*limit))) return true;
    do_error(field, or_else(options.message, usual), {{"number", number_text(*limit)}});
    return false;
  };
  (void)(check(
             options.less_than, [](long double a, long double b) { return a < b; }, "must be less than %{number}") &&
         check(
             options.greater_than, [](long double a, long double b) { return a > b; }, "must be greater than %{number}") &&
         check(
             options.less_than_or_equal_to, [](long double a, long double b) { return a <= b; },
             "must be less than or equal to %{number}") &&
         check(
             options.greater_than_or_equal_to, [](long double a, long double b) { return a >= b; },
             "must be greater than or equal to %{number}") &&
         check(
             options.equal_to, [](long double a, long double b) { return a == b; }, "must be equal to %{number}") &&
         check(
             options.not_equal_to, [](long double a, long double b) { return a != b; }, "must be not equal to %{number}"));
}

void ChangesetBase::do_inclusion(std::string_view field, const std::vector<Value>& values, const Message& message) {
  const Value* value = checked_change(field);
  if (value && std::find(values.begin(), values.end(), *value) == values.end()) do_error(field, or_else(message.text, "is invalid"), {});
}

void ChangesetBase::do_exclusion(std::string_view field, const std::vector<Value>& values, const Message& message) {
  const Value* value = checked_change(field);
  if (value && std::find(values.begin(), values.end(), *value) != values.end()) do_error(field, or_else(message.text, "is reserved"), {});
}

void ChangesetBase::do_confirmation(std::string_view field, bool required, const Message& message) {
  schema_->at(field);
  if (!params_) return;
  const auto value = params_->find(std::string(field));
  if (value == params_->end()) return;
  const std::string name = std::string(field) + "_confirmation";
  const auto given = params_->find(name);
  if (given == params_->end()) {
    if (required) do_error(name, "can't be blank", {});
  } else if (*given != *value) {
    do_error(name, or_else(message.text, "does not match confirmation"), {});
  }
}

/// The param of this name need not be a field.
void ChangesetBase::do_acceptance(std::string_view field, const Message& message) {
  const auto param = params_ ? params_->find(std::string(field)) : Json::const_iterator{};
  const bool accepted = params_ && param != params_->end() && detail::cast_param(Type::boolean, *param) == Value(true);
  if (params_ && !accepted) do_error(field, or_else(message.text, "must be accepted"), {});
}

void ChangesetBase::do_change_check(std::string_view field, const std::function<std::optional<std::string>(const Value&)>& check) {
  const Value* value = checked_change(field);
  if (!value) return;
  if (auto message = check(*value)) do_error(field, std::move(*message), {});
}

}  // namespace phx::store
