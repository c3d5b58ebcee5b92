#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <stdexcept>

#include <phx/core/etf.hpp>
#include <phx/core/json_text.hpp>

#include "etf_tags.hpp"

namespace phx::core::etf {
namespace {

std::uint32_t checked32(std::size_t size) {
  if (size > std::numeric_limits<std::uint32_t>::max()) throw std::invalid_argument("term above 32 bits of size");
  return static_cast<std::uint32_t>(size);
}

/// The same text in Latin-1; nullopt: it has characters beyond.
std::optional<std::string> to_latin1(std::string_view utf8) {
  std::string out;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if (c < 0x80) {
      out += utf8[i];
    } else if (c <= 0xc3) {
      out += static_cast<char>((c & 3) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3f));
    } else {
      return std::nullopt;
    }
  }
  return out;
}

bool is_byte(const Term& term) {
  const auto* value = term.get<std::int64_t>();
  return value && *value >= 0 && *value <= 255;
}

class Encoder {
 public:
  Encoder(std::string& out, Dialect dialect) : out_(out), dialect_(dialect) {}

  void put(const Term& term) {
    std::visit([this](const auto& value) { write(value); }, term.value());
  }

 private:
  void u8(std::size_t value) { out_ += static_cast<char>(value); }
  void u16(std::size_t value) { big_endian(value, 2); }
  void u32(std::size_t value) { big_endian(checked32(value), 4); }
  void big_endian(std::uint64_t value, unsigned bytes) {
    for (unsigned shift = bytes * 8; shift > 0; shift -= 8) out_ += static_cast<char>(value >> (shift - 8) & 0xff);
  }

  void write(const Atom& atom);
  void write(std::int64_t value);
  void write(const BigInt& value) { write_big(value.negative, value.magnitude); }
  void write(double value);
  void write(const std::string& binary);
  void write(const List& list);
  void write(const Tuple& tuple);
  void write(const Map& map);
  void write(const Opaque& opaque) { out_ += opaque.bytes; }
  void write_big(bool negative, std::string_view magnitude);

  std::string& out_;
  Dialect dialect_;
};

void Encoder::write(const Atom& atom) {
  const auto characters = std::count_if(atom.name.begin(), atom.name.end(), [](char c) { return (c & 0xc0) != 0x80; });
  if (!is_utf8(atom.name) || static_cast<std::size_t>(characters) > max_atom_characters) {
    throw std::invalid_argument("an atom is UTF-8 of at most 255 characters");
  }
  if (dialect_ == Dialect::otp25) {
    if (const auto latin1 = to_latin1(atom.name)) {
      u8(tag::atom);
      u16(latin1->size());
      out_ += *latin1;
      return;
    }
  }
  const bool small = atom.name.size() <= 255;
  u8(small ? tag::small_atom_utf8 : tag::atom_utf8);
  small ? u8(atom.name.size()) : u16(atom.name.size());
  out_ += atom.name;
}

void Encoder::write(std::int64_t value) {
  if (value >= 0 && value <= 255) {
    u8(tag::small_integer);
    return u8(static_cast<std::size_t>(value));
  }
  if (value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max()) {
    u8(tag::integer);
    return big_endian(static_cast<std::uint64_t>(value), 4);
  }
  std::string magnitude;
  for (auto rest = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value); rest != 0; rest >>= 8) {
    magnitude += static_cast<char>(rest & 0xff);
  }
  write_big(value < 0, magnitude);
}

void Encoder::write_big(bool negative, std::string_view magnitude) {
  const bool small = magnitude.size() <= 255;
  u8(small ? tag::small_big : tag::large_big);
  small ? u8(magnitude.size()) : u32(magnitude.size());
  u8(negative ? 1 : 0);
  out_ += magnitude;
}

void Encoder::write(double value) {
  if (!std::isfinite(value)) throw std::invalid_argument("Erlang has no infinite floats and no NaN");
  u8(tag::new_float);
  big_endian(std::bit_cast<std::uint64_t>(value), 8);
}

void Encoder::write(const std::string& binary) {
  u8(tag::binary);
  u32(binary.size());
  out_ += binary;
}

void Encoder::write(const List& list) {
  if (list.elements.empty() && !list.tail.empty()) throw std::invalid_argument("an improper list needs elements");
  if (list.elements.empty()) return u8(tag::nil);
  if (list.tail.empty() && list.elements.size() <= 0xffff && std::all_of(list.elements.begin(), list.elements.end(), is_byte)) {
    u8(tag::string);
    u16(list.elements.size());
    for (const Term& element : list.elements) u8(static_cast<std::size_t>(*element.get<std::int64_t>()));
    return;
  }
  u8(tag::list);
  u32(list.elements.size());
  for (const Term& element : list.elements) put(element);
  list.tail.empty() ? u8(tag::nil) : put(list.tail.front());
}

void Encoder::write(const Tuple& tuple) {
  const bool small = tuple.elements.size() <= 255;
  u8(small ? tag::small_tuple : tag::large_tuple);
  small ? u8(tuple.elements.size()) : u32(tuple.elements.size());
  for (const Term& element : tuple.elements) put(element);
}

void Encoder::write(const Map& map) {
  u8(tag::map);
  u32(map.entries.size());
  for (const auto& [key, value] : map.entries) {
    put(key);
    put(value);
  }
}

}  // namespace

std::string encode(const Term& term, Dialect dialect) {
  std::string out(1, static_cast<char>(tag::version));
  Encoder(out, dialect).put(term);
  return out;
}

}  // namespace phx::core::etf
