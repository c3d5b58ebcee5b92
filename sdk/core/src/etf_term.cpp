#include <algorithm>

#include <phx/core/etf.hpp>

namespace phx::core::etf {
namespace {

class EtfCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "phx.etf"; }
  std::string message(int code) const override {
    switch (static_cast<EtfError>(code)) {
      case EtfError::malformed: return "not an Erlang external term";
      case EtfError::limit: return "Erlang external term above the limits for depth or size";
      case EtfError::function: return "Erlang external term holds a function";
    }
    return "unknown external term error";
  }
};

const EtfCategory category;

}  // namespace

std::error_code make_error_code(EtfError e) noexcept { return {static_cast<int>(e), category}; }

bool Tuple::operator==(const Tuple& other) const { return elements == other.elements; }

bool List::operator==(const List& other) const { return elements == other.elements && tail == other.tail; }

bool Map::operator==(const Map& other) const { return entries == other.entries; }

const Term* Map::find(std::string_view key) const noexcept {
  for (const auto& [name, value] : entries) {
    if (const auto* text = name.get<std::string>(); text && *text == key) return &value;
  }
  return nullptr;
}

const Term* Map::find(const Atom& key) const noexcept {
  for (const auto& [name, value] : entries) {
    if (name.is_atom(key.name)) return &value;
  }
  return nullptr;
}

bool Term::is_atom(std::string_view name) const noexcept {
  const auto* atom = get<Atom>();
  return atom && atom->name == name;
}

Term Term::integer(bool negative, std::string_view magnitude) {
  while (!magnitude.empty() && magnitude.back() == '\0') magnitude.remove_suffix(1);
  if (magnitude.size() > 8) return Term(Value(BigInt{negative, std::string(magnitude)}));
  std::uint64_t value = 0;
  for (auto byte = magnitude.rbegin(); byte != magnitude.rend(); ++byte) value = value << 8 | static_cast<unsigned char>(*byte);
  constexpr std::uint64_t int64_max = std::numeric_limits<std::int64_t>::max();
  if (value > int64_max + (negative ? 1 : 0)) return Term(Value(BigInt{negative, std::string(magnitude)}));
  return Term(static_cast<std::int64_t>(negative ? 0 - value : value));
}

Term Term::from_unsigned(std::uint64_t value) {
  std::string magnitude;
  for (; value != 0; value >>= 8) magnitude += static_cast<char>(value & 0xff);
  return integer(false, magnitude);
}

}  // namespace phx::core::etf
