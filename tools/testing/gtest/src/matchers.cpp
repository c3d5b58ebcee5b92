#include <phx/testing/matchers.hpp>

#include <phx/core/base64.hpp>
#include <phx/scenario/template.hpp>

#include <charconv>
#include <ostream>
#include <stdexcept>

namespace phx::testing {
namespace {

using ::testing::MatchResultListener;

constexpr std::string_view type_names[] = {"string", "number", "integer", "boolean", "object", "list", "null"};

/// A matcher of one condition; `tell` writes it.
class Condition : public ::testing::MatcherInterface<const Json&> {
 public:
  using Explain = std::function<bool(const Json&, MatchResultListener&)>;
  Condition(std::string description, std::string negation, Explain holds)
      : description_(std::move(description)), negation_(std::move(negation)), holds_(std::move(holds)) {}
  bool MatchAndExplain(const Json& value, MatchResultListener* listener) const override { return holds_(value, *listener); }
  void DescribeTo(std::ostream* os) const override { *os << description_; }
  void DescribeNegationTo(std::ostream* os) const override { *os << negation_; }

 private:
  std::string description_, negation_;
  Explain holds_;
};

JsonMatcher condition(std::string description, std::string negation, Condition::Explain holds) {
  return ::testing::MakeMatcher(new Condition(std::move(description), std::move(negation), std::move(holds)));
}

}  // namespace

std::string preview(const Json& value, std::size_t limit) {
  if (value.is_binary()) {
    const auto& bytes = value.get_binary();
    return preview(obj("$binary", core::base64_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()})), limit);
  }
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > limit) text = text.substr(0, limit) + "... (" + std::to_string(text.size()) + " bytes)";
  return text;
}

JsonMatcher Fits(scenario::Pattern pattern) {
  const std::string text = pattern.describe();
  return condition("fits " + text, "does not fit " + text,
                   [pattern = std::move(pattern)](const Json& value, MatchResultListener& listener) {
                     const auto wrong = pattern.explain(value);
                     std::string_view separator;
                     for (const scenario::Mismatch& m : wrong) {
                       listener << separator << (m.path.empty() ? "" : m.path + ": ") << "expected " << m.expected << ", got " << m.actual;
                       separator = "; ";
                     }
                     return wrong.empty();
                   });
}

JsonMatcher HasSubset(const Json& pattern) { return Fits(scenario::Pattern::subset(pattern)); }
JsonMatcher Satisfies(std::string_view expression) { return Fits(scenario::Pattern::from_expression(expression)); }
JsonMatcher IsType(JsonType type) {
  if (type != JsonType::binary) return Fits(scenario::Pattern::type(type_names[static_cast<std::size_t>(type)]));
  return condition("is bytes", "is not bytes", [](const Json& value, MatchResultListener& listener) {  // files write bytes as {"$binary"}
    if (!value.is_binary()) listener << "got " << preview(value);
    return value.is_binary();
  });
}

JsonMatcher Absent(std::string path) {
  return condition("has nothing at " + path, "has something at " + path, [path](const Json& value, MatchResultListener& listener) {
    const Json* found = detail::at_path(value, path);
    if (found) listener << path << ": expected nothing, got " << preview(*found);
    return found == nullptr;
  });
}

namespace detail {

const Json* at_path(const Json& value, std::string_view path) {
  const Json* at = &value;
  while (at && !path.empty()) {
    const std::string step(path.substr(0, path.find('.')));
    path.remove_prefix(std::min(path.size(), step.size() + 1));
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
    const bool is_index = error == std::errc{} && end == step.data() + step.size();
    if (at->is_object() && at->contains(step)) {
      at = &at->at(step);
    } else {
      at = at->is_array() && is_index && index < at->size() ? &at->at(index) : nullptr;
    }
  }
  return at;
}

JsonMatcher at(std::string path, JsonMatcher inner) {
  std::ostringstream description;
  inner.DescribeTo(&description);
  const std::string text = "at " + path + " " + description.str();
  return condition(text, "not " + text, [path, inner](const Json& value, MatchResultListener& listener) {
    const Json* found = at_path(value, path);
    if (!found) {
      listener << path << ": missing";
      return false;
    }
    ::testing::StringMatchResultListener inside;
    if (inner.MatchAndExplain(*found, &inside)) return true;
    listener << path << ": " << (inside.str().empty() ? "got " + preview(*found) : inside.str());
    return false;
  });
}

}  // namespace detail

std::string PayloadPattern::describe() const {
  std::ostringstream text;
  matcher_.DescribeTo(&text);
  return text.str() == "is anything" ? std::string() : text.str();
}

std::string PayloadPattern::explain(const Json& value) const {
  ::testing::StringMatchResultListener listener;
  if (matcher_.MatchAndExplain(value, &listener)) return {};
  return listener.str().empty() ? "expected a payload that " + describe() : listener.str();
}

}  // namespace phx::testing
