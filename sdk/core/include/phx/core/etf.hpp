#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <phx/core/error.hpp>

/// Erlang's external term format: what Phoenix signs, encrypts and puts into cookies. spec server.md 9.5.
namespace phx::core::etf {

class Term;

/// name: UTF-8, at most 255 characters.
struct Atom {
  std::string name;
  bool operator==(const Atom&) const = default;
};

/// An integer beyond 64 bits signed. magnitude: little-endian, highest byte not zero.
struct BigInt {
  bool negative = false;
  std::string magnitude;
  bool operator==(const BigInt&) const = default;
};

struct Tuple {
  std::vector<Term> elements;
  bool operator==(const Tuple&) const;
};

/// tail: empty for a proper list, one term for an improper one ([1 | 2]).
struct List {
  std::vector<Term> elements;
  std::vector<Term> tail;
  bool operator==(const List&) const;
};

/// Entries in wire order; equality minds the order. Keys are not checked for duplicates: find() takes the first.
struct Map {
  std::vector<std::pair<Term, Term>> entries;
  bool operator==(const Map&) const;
  /// The value under this text (a binary key) or atom; nullptr: none.
  const Term* find(std::string_view key) const noexcept;
  const Term* find(const Atom& key) const noexcept;
};

enum class OpaqueKind { pid, port, reference, bit_string };

/// A term that is carried but not looked into. bytes: as it stood on the wire, tag first.
struct Opaque {
  OpaqueKind kind = OpaqueKind::pid;
  std::string bytes;
  bool operator==(const Opaque&) const = default;
};

/// One Erlang value. Elixir strings are binaries (std::string, any bytes); nil, true and false are atoms.
class Term {
 public:
  using Value = std::variant<Atom, std::int64_t, BigInt, double, std::string, List, Tuple, Map, Opaque>;

  Term() : value_(Atom{"nil"}) {}
  Term(Value value) : value_(std::move(value)) {}
  Term(bool value) : value_(Atom{value ? "true" : "false"}) {}
  Term(double value) : value_(value) {}
  Term(std::string binary) : value_(std::move(binary)) {}
  Term(std::string_view binary) : value_(std::string(binary)) {}
  Term(const char* text) : value_(std::string(text)) {}
  template <std::integral I>
    requires(!std::same_as<I, bool> && std::numeric_limits<I>::digits <= 63)
  Term(I value) : value_(static_cast<std::int64_t>(value)) {}
  template <std::unsigned_integral I>
    requires(std::numeric_limits<I>::digits == 64)
  Term(I value) : Term(from_unsigned(value)) {}

  static Term atom(std::string name) { return Term(Value(Atom{std::move(name)})); }
  static Term tuple(std::vector<Term> elements) { return Term(Value(Tuple{std::move(elements)})); }
  static Term list(std::vector<Term> elements) { return Term(Value(List{std::move(elements), {}})); }
  static Term map(std::vector<std::pair<Term, Term>> entries) { return Term(Value(Map{std::move(entries)})); }
  static Term empty_map() { return map({}); }
  /// The integer of a little-endian magnitude, BigInt only where 64 bits do not do.
  static Term integer(bool negative, std::string_view magnitude);

  const Value& value() const noexcept { return value_; }
  /// The alternative T of Value, or nullptr: if (const auto* text = term.get<std::string>()) …
  template <class T>
  const T* get() const noexcept {
    return std::get_if<T>(&value_);
  }
  template <class T>
  T* get() noexcept {
    return std::get_if<T>(&value_);
  }
  bool is_atom(std::string_view name) const noexcept;

  bool operator==(const Term& other) const { return value_ == other.value_; }

 private:
  static Term from_unsigned(std::uint64_t value);
  Value value_;
};

enum class EtfError {
  malformed = 1,  ///< not a term: wrong version, unknown tag, cut short, text that is not UTF-8
  limit,          ///< too deep, too many terms, or inflates to too much
  function,       ///< holds a function; those are never taken from outside
};
std::error_code make_error_code(EtfError) noexcept;  // category "phx.etf"

struct Limits {
  std::size_t max_depth = 256;
  std::size_t max_terms = 250'000;  ///< some 60 bytes of memory each
  std::size_t max_inflated_bytes = 1 << 20;
};

/// Reads one term; bytes behind it are ignored, as binary_to_term does. Pids, ports, references and bit strings stay
/// opaque. Memory is bounded by the input: no count is believed before bytes for it are there.
Result<Term> decode(std::string_view bytes, const Limits& limits = {});

/// Which release of Erlang/OTP writes the same bytes: up to 25 Latin-1 atoms use tag 100, from 26 on all use 119.
enum class Dialect { otp26, otp25 };

/// Byte for byte what term_to_binary writes (given the map order). Throws std::invalid_argument for what no Erlang term
/// can be: infinite floats, atoms over 255 characters, a tail without elements, sizes over 32 bits.
std::string encode(const Term& term, Dialect dialect = Dialect::otp26);

}  // namespace phx::core::etf

template <>
struct std::is_error_code_enum<phx::core::etf::EtfError> : std::true_type {};
