#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/core/time.hpp>

namespace phx::scenario {

/// A place in a file. Line and column count from 1; 0: the file as a whole.
struct Place {
  std::shared_ptr<const std::string> file;
  std::size_t line = 0, column = 0;

  std::string text() const;  ///< "chat.yaml:3:7"
};

/// A file that cannot be used. what() is "chat.yaml:3:7: what is wrong, and the remedy".
class FileError : public std::runtime_error {
 public:
  FileError(Place place, const std::string& message);
  const Place& place() const noexcept { return place_; }
  const std::string& message() const noexcept { return message_; }  ///< without the place

 private:
  Place place_;
  std::string message_;
};

struct YamlLimits {
  std::size_t max_bytes = 8u << 20;
  std::size_t max_depth = 100;
  std::size_t max_nodes = 200'000;  ///< also those that aliases repeat
};

/// One value of a YAML file, with its place. All getters throw FileError that names the place, what is wrong and the remedy.
/// A value is self-contained: it may outlive the text and the document.
///
///     const Yaml file = Yaml::parse(text, "chat.yaml");
///     file.only_keys({"name", "url"});                 // chat.yaml:2:1: unknown key 'ulr', did you mean 'url'?
///     const std::string url = file.at("url").string();
///     if (const Yaml* wait = file.find("wait")) pause = wait->duration();
class Yaml {
 public:
  enum class Kind : std::uint8_t { null, scalar, sequence, mapping };
  struct Entry;

  /// Exactly one document. Duplicate keys, keys that are no scalars, invalid UTF-8 and bad syntax are errors.
  static Yaml parse(std::string_view text, std::string file, const YamlLimits& limits = {});

  Kind kind() const noexcept { return kind_; }
  bool is_null() const noexcept { return kind_ == Kind::null; }
  bool is_scalar() const noexcept { return kind_ == Kind::scalar; }
  bool is_sequence() const noexcept { return kind_ == Kind::sequence; }
  bool is_mapping() const noexcept { return kind_ == Kind::mapping; }
  const Place& place() const noexcept { return place_; }

  /// "regex" of `!regex "^a"`; empty without a tag. A tagged value without content (`!absent`) is an empty scalar.
  const std::string& tag() const noexcept { return tag_; }
  /// The text of a scalar as written, without quotes; null and empty: "".
  const std::string& text() const noexcept { return text_; }
  Yaml untagged() const;  ///< the same value as if it had no tag
  /// A plain scalar may be a number or a boolean, a quoted one is text.
  bool is_quoted() const noexcept { return quoted_; }

  // Scalars. A tag is an error: the caller has to ask for it first.
  std::string string() const;  ///< any scalar but null, as written
  std::int64_t integer(std::int64_t least = INT64_MIN, std::int64_t most = INT64_MAX) const;
  double number() const;
  bool boolean() const;
  Duration duration() const;                                                ///< 200ms, 1.5s, 2m, 1h, 50us; not negative
  std::string one_of(std::initializer_list<std::string_view> words) const;  ///< an unknown word is told the nearest

  // Mappings, in the order of the file.
  std::span<const Entry> entries() const;
  const Yaml* find(std::string_view key) const;  ///< null when absent
  const Yaml& at(std::string_view key) const;
  void only_keys(std::initializer_list<std::string_view> known) const;

  std::span<const Yaml> items() const;  ///< of a sequence

  /// As JSON: plain scalars by YAML 1.2 (null, true, 12, 1.5e3, text), quoted ones text; `!binary "<base64>"` is {"$binary": ...}.
  /// Any other tag is an error: only a Pattern may have those.
  Json json() const;
  /// What a plain or quoted scalar (or null) is as JSON, whatever its tag.
  Json scalar_json() const;

  [[noreturn]] void fail(const std::string& message) const;
  /// "a list", "text", "a number", ... for messages.
  std::string describe() const;

 private:
  friend class YamlBuilder;
  void require(Kind kind, std::string_view expected) const;
  const Yaml* find_entry(std::string_view key) const noexcept;

  Place place_;
  Kind kind_ = Kind::null;
  bool quoted_ = false;
  std::string tag_, text_;
  std::vector<Yaml> items_;
  std::vector<Entry> entries_;
};

struct Yaml::Entry {
  std::string key;
  Place place;  ///< of the key
  Yaml value;
};

/// The candidate most like `word`, if any is near enough to be a slip of the fingers.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates);

/// ", did you mean 'url'?", or "; known are: name, url".
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);

/// "200ms", "1.5s", "2m", "1h", "50us"; nullopt for anything else.
std::optional<Duration> parse_duration(std::string_view text);

/// The bytes of a file. Throws FileError.
std::string read_text_file(const std::string& path);

}  // namespace phx::scenario
