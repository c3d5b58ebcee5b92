#include <phx/server/assigns.hpp>

#include <stdexcept>
#include <string>

#include <phx/core/json.hpp>

namespace phx::server {

namespace {

const Json& no_values() {
  static const Json object = Json::object();
  return object;
}

}  // namespace

const Json& Assigns::all() const noexcept { return values_ ? *values_ : no_values(); }

const Json* Assigns::find(std::string_view key) const noexcept {
  const auto found = all().find(key);
  return found == all().end() ? nullptr : &*found;
}

const Json& Assigns::at(std::string_view key) const {
  if (const Json* value = find(key)) return *value;
  throw std::out_of_range("no assign " + std::string(key));
}

void Assigns::set(std::string_view key, Json value) { own()[std::string(key)] = std::move(value); }

void Assigns::merge(const Json& object) {
  if (!object.is_object()) throw std::invalid_argument("assigns are merged from an object");
  if (!object.empty()) own().update(object);
}

Json& Assigns::own() {
  if (!values_)
    values_ = std::make_shared<Json>(Json::object());
  else if (values_.use_count() > 1)
    values_ = std::make_shared<Json>(*values_);
  return *values_;
}

}  // namespace phx::server
