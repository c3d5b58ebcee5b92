#include <phx/store/changeset.hpp>

#include <phx/store/detail/cast.hpp>

#include <phx/core/json.hpp>

namespace phx::store {

std::string FieldError::interpolated() const {
  std::string out;
  for (std::size_t at = 0; at < message.size();) {
    const auto open = message.find("%{", at);
    const auto close = open == std::string::npos ? open : message.find('}', open);
    if (close == std::string::npos) return out + message.substr(at);
    const auto option = options.find(message.substr(open + 2, close - open - 2));
    out += message.substr(at, open - at);
    out += option == options.end() ? message.substr(open, close + 1 - open) : option->second;
    at = close + 1;
  }
  return out;
}

ChangesetBase::ChangesetBase(const SchemaView& schema, std::vector<Value> record, std::vector<Value> fresh)
    : schema_(&schema), record_(std::move(record)), fresh_(std::move(fresh)) {}

ErrorMap ChangesetBase::errors() const {
  return traverse_errors([](const FieldError& error) { return error.interpolated(); });
}

ErrorMap ChangesetBase::traverse_errors(const std::function<std::string(const FieldError&)>& message) const {
  ErrorMap out;
  for (const auto& error : errors_) out[error.field].push_back(message(error));
  return out;
}

const Value* ChangesetBase::get_change(std::string_view field) const {
  schema_->at(field);
  const auto found = changes_.find(field);
  return found == changes_.end() ? nullptr : &found->second;
}

Value ChangesetBase::get_field(std::string_view field) const {
  if (const Value* changed = get_change(field)) return *changed;
  return record_[schema_->index(schema_->at(field))];
}

std::string ChangesetBase::get_text(std::string_view field) const {
  const Value value = get_field(field);
  const auto* text = value.get_if<std::string>();
  return text ? *text : std::string();
}

void ChangesetBase::do_cast(const Json& params, FieldNames allowed) {
  if (!params.is_object()) throw CastError("params to cast must be a JSON object");
  params_ = std::make_shared<const Json>(params);
  for (const auto name : allowed) {
    const Field& field = schema_->at(name);
    if (const auto param = params.find(std::string(name)); param != params.end()) cast_field(field, *param);
  }
}

void ChangesetBase::cast_field(const Field& field, const Json& param) {
  const std::string name(field.name);
  given_.erase(name);
  emptied_.erase(name);
  if (param.is_null() || (param.is_string() && field.type != Type::json && detail::blank(param.get_ref<const std::string&>()))) {
    emptied_.insert(name);
    return do_put(field.name, field.nullable ? Value() : fresh_[schema_->index(field)]);
  }
  auto value = detail::cast_param(field.type, param);
  if (!value) return do_error(field.name, "is invalid", {});
  given_.insert(name);
  do_put(field.name, std::move(*value));
}

void ChangesetBase::do_put(std::string_view name, Value value) {
  const Field& field = schema_->at(name);
  if (value == record_[schema_->index(field)])
    changes_.erase(std::string(name));
  else
    changes_.insert_or_assign(std::string(name), std::move(value));
}

void ChangesetBase::do_delete(std::string_view field) {
  schema_->at(field);
  changes_.erase(std::string(field));
}

void ChangesetBase::do_error(std::string_view field, std::string message, std::map<std::string, std::string> options) {
  errors_.insert(errors_.begin(), {std::string(field), std::move(message), std::move(options)});
}

void ChangesetBase::do_constraint(Constraint constraint) { constraints_.push_back(std::move(constraint)); }

bool ChangesetBase::refused(ConstraintKind kind, std::string_view name) {
  for (const auto& constraint : constraints_) {
    if (constraint.kind != kind || constraint.name != name) continue;
    do_error(constraint.field, constraint.message, {});
    return true;
  }
  return false;
}

std::vector<Value> ChangesetBase::applied() const {
  std::vector<Value> out = record_;
  for (const auto& [name, value] : changes_) out[schema_->index(schema_->at(name))] = value;
  return out;
}

}  // namespace phx::store
