#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/json.hpp>
#include <phx/scenario/rng.hpp>
#include <phx/scenario/yaml.hpp>

namespace phx::scenario {

using Variables = std::map<std::string, Json, std::less<>>;

/// What `{{ }}` may name besides the functions. Everything else is an error when the text is compiled.
struct TemplateNames {
  std::vector<std::string> variables;
  std::map<std::string, std::string, std::less<>> env;  ///< the environment variables that the file may read, with their values
};

/// What a template is rendered with. Borrowed for the call.
struct TemplateScope {
  std::uint64_t user = 0;            ///< number of the virtual user, from 0
  std::uint64_t seq = 1;             ///< number of this message of its actor, from 1
  std::int64_t unix_ms = 0;          ///< wall clock
  std::uint64_t* counter = nullptr;  ///< incremented by each `counter`
  Rng* random = nullptr;             ///< of `random`, `pick`, `text` and `uuid`
  const Variables* variables = nullptr;
  const Variables* outer = nullptr;  ///< asked for what `variables` lacks
};

/// A template that does not compile, or has no value: what() is "column 9: unknown name 'usr', did you mean 'user'?".
class TemplateError : public std::runtime_error {
 public:
  TemplateError(std::size_t column, const std::string& message);
  std::size_t column() const noexcept { return column_; }  ///< from 1, in bytes of the text
  const std::string& message() const noexcept { return message_; }

 private:
  std::size_t column_;
  std::string message_;
};

/// Text with `{{ expression }}` in it. Expressions: whole numbers, reals, "text"; + - * / % and ( ), whole numbers stay whole (7 / 2 is 3);
/// variables with paths (`user_info.name`, `ids[0]`, `reply["a b"]`); and these functions:
///
///     user  seq  counter        numbers of the virtual user, of this message, of this use
///     now  now_iso              milliseconds since 1970; "2026-11-21T03:10:00.123Z"
///     uuid                      a random UUID
///     random(1, 6)              a whole number from 1 to 6
///     pick("a", "b")            one of them
///     text(200)                 so many random letters
///     env("NAME")               of the environment variables that the file lists
///
/// `\{{` stands for `{{`. Immutable, cheap to copy, safe to share between threads.
class Template {
 public:
  /// Throws TemplateError.
  static Template parse(std::string_view text, const TemplateNames& names);
  /// The same with the place in the file: throws FileError.
  static Template from_yaml(const Yaml& scalar, const TemplateNames& names);
  static Template literal(std::string text);

  Template();  ///< ""
  bool is_literal() const noexcept;
  /// Text that is one `{{ }}` and nothing else: its value keeps its type.
  bool is_single_expression() const noexcept;

  /// Appends the text. Throws TemplateError, as for a variable that has no value yet or a division by zero.
  void render(const TemplateScope& scope, std::string& out) const;
  std::string text(const TemplateScope& scope) const;
  /// The value of a single expression, otherwise the text.
  Json value(const TemplateScope& scope) const;

  const std::string& source() const noexcept;

  struct Program;

 private:
  friend class JsonTemplate;
  explicit Template(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

/// A JSON value whose string values may be templates. What is constant is serialised once; rendering appends text.
class JsonTemplate {
 public:
  JsonTemplate();  ///< {}
  explicit JsonTemplate(const Json& constant);
  static JsonTemplate from_yaml(const Yaml& value, const TemplateNames& names);

  void render(const TemplateScope& scope, std::string& out) const;
  std::string text(const TemplateScope& scope) const;
  Json value(const TemplateScope& scope) const;

 private:
  enum class As : std::uint8_t { json_text, value, string };  // ready JSON; an expression's JSON; inside a string token
  struct Piece {
    As as;
    std::string json;
    Template expression;
  };
  void add(const Yaml& value, const TemplateNames& names);
  void add_string(const Yaml& place, const TemplateNames& names);
  void add_text(std::string_view json);

  std::vector<Piece> pieces_;
};

}  // namespace phx::scenario
