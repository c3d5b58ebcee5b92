#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>

#include <phx/core/etf.hpp>
#include <phx/core/json_text.hpp>

#include "etf_inflate.hpp"
#include "etf_tags.hpp"

namespace phx::core::etf {
namespace {

constexpr std::size_t old_float_bytes = 31;

/// Reads one term. The first failure is kept in error_ and the position moves to the end, so that callers may go on
/// for a moment without harm; the value returned then means nothing.
class Decoder {
 public:
  Decoder(std::string_view bytes, std::size_t max_terms)
      : rest_(bytes), terms_left_(std::min(max_terms, bytes.size())), capped_(max_terms < bytes.size()) {}

  Term term(std::size_t depth_left);
  std::error_code error() const noexcept { return error_; }

 private:
  void fail(EtfError why) {
    if (!error_) error_ = why;
    rest_ = {};
  }
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) fail(EtfError::malformed);
    const auto out = rest_.substr(0, std::min(size, rest_.size()));
    rest_.remove_prefix(out.size());
    return out;
  }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (const char c : take(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::size_t size(std::size_t bytes) { return static_cast<std::size_t>(number(bytes)); }

  std::size_t count(std::size_t n, std::size_t terms_each = 1);
  void claim(std::size_t terms);
  Term text_atom(std::string_view utf8);
  Term latin1_atom(std::string_view bytes);
  Term float64();
  Term float_text();
  Term big(std::size_t magnitude_bytes);
  std::vector<Term> elements(std::size_t n, std::size_t depth_left);
  Term byte_list(std::string_view bytes);
  Term list(std::size_t depth_left);
  Term map(std::size_t depth_left);
  Term opaque(std::uint8_t code, const char* start);
  bool skip_opaque(std::uint8_t code);
  void skip_node();
  void skip_bit_string();

  std::string_view rest_;
  std::size_t terms_left_;  // every term takes a byte, so this also bounds what all counts together may claim
  bool capped_;
  std::error_code error_;
};

/// n, if there may be as many; every element takes a byte.
std::size_t Decoder::count(std::size_t n, std::size_t terms_each) {
  if (n > rest_.size()) return fail(EtfError::malformed), 0;
  claim(n * terms_each);
  return error_ ? 0 : n;
}

void Decoder::claim(std::size_t terms) {
  if (terms > terms_left_) return fail(capped_ ? EtfError::limit : EtfError::malformed);
  terms_left_ -= terms;
}

Term Decoder::text_atom(std::string_view utf8) {
  const auto characters = std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; });
  if (!is_utf8(utf8) || static_cast<std::size_t>(characters) > max_atom_characters) fail(EtfError::malformed);
  return Term::atom(std::string(utf8));
}

Term Decoder::latin1_atom(std::string_view bytes) {
  if (bytes.size() > max_atom_characters) fail(EtfError::malformed);
  std::string utf8;
  for (const char c : bytes) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x80) {
      utf8 += c;
    } else {
      utf8 += static_cast<char>(0xc0 | u >> 6);
      utf8 += static_cast<char>(0x80 | (u & 0x3f));
    }
  }
  return Term::atom(std::move(utf8));
}

Term Decoder::float64() {
  const double value = std::bit_cast<double>(number(8));
  if (!std::isfinite(value)) fail(EtfError::malformed);
  return value;
}

Term Decoder::float_text() {  // "%.20e" filled up with zero bytes
  std::string_view text = take(old_float_bytes);
  text = text.substr(0, text.find('\0'));
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) fail(EtfError::malformed);
  return value;
}

Term Decoder::big(std::size_t magnitude_bytes) {
  const auto sign = number(1);
  if (sign > 1) fail(EtfError::malformed);
  return Term::integer(sign == 1, take(magnitude_bytes));
}

std::vector<Term> Decoder::elements(std::size_t n, std::size_t depth_left) {
  std::vector<Term> out;
  out.reserve(n);
  while (out.size() < n && !error_) out.push_back(term(depth_left));
  return out;
}

Term Decoder::byte_list(std::string_view bytes) {
  std::vector<Term> out;
  claim(bytes.size());
  if (error_) return {};
  out.reserve(bytes.size());
  for (const char c : bytes) out.emplace_back(static_cast<unsigned char>(c));
  return Term::list(std::move(out));
}

Term Decoder::list(std::size_t depth_left) {
  List out{elements(count(size(4)), depth_left), {}};
  Term tail = term(depth_left);
  if (error_) return {};
  if (auto* more = tail.get<List>()) {  // a tail that is a list goes on with this one, as it does in Erlang
    std::move(more->elements.begin(), more->elements.end(), std::back_inserter(out.elements));
    out.tail = std::move(more->tail);
  } else if (out.elements.empty()) {
    fail(EtfError::malformed);
  } else {
    out.tail.push_back(std::move(tail));
  }
  return Term(Term::Value(std::move(out)));
}

Term Decoder::map(std::size_t depth_left) {
  const std::size_t n = count(size(4), 2);
  Map out;
  out.entries.reserve(n);
  while (out.entries.size() < n && !error_) {
    Term key = term(depth_left);
    Term value = term(depth_left);
    out.entries.emplace_back(std::move(key), std::move(value));
  }
  return Term(Term::Value(std::move(out)));
}

void Decoder::skip_node() {
  const auto code = static_cast<std::uint8_t>(number(1));
  switch (code) {
    case tag::atom: latin1_atom(take(size(2))); return;
    case tag::small_atom: latin1_atom(take(size(1))); return;
    case tag::atom_utf8: text_atom(take(size(2))); return;
    case tag::small_atom_utf8: text_atom(take(size(1))); return;
    default: fail(EtfError::malformed);
  }
}

void Decoder::skip_bit_string() {
  const std::size_t bytes = size(4);
  const auto bits_in_last = number(1);
  if (bits_in_last > 8 || (bytes > 0) != (bits_in_last > 0)) fail(EtfError::malformed);
  take(bytes);
}

/// False: not one of these tags. The ids behind the node name have fixed widths.
bool Decoder::skip_opaque(std::uint8_t code) {
  const auto node_and = [this](std::size_t bytes) {
    skip_node();
    take(bytes);
    return true;
  };
  switch (code) {
    case tag::pid: return node_and(4 + 4 + 1);
    case tag::new_pid: return node_and(4 + 4 + 4);
    case tag::port:
    case tag::reference: return node_and(4 + 1);
    case tag::new_port: return node_and(4 + 4);
    case tag::v4_port: return node_and(8 + 4);
    case tag::new_reference: return node_and(size(2) * 4 + 1);
    case tag::newer_reference: return node_and(size(2) * 4 + 4);
    case tag::bit_string: return skip_bit_string(), true;
    default: return false;
  }
}

Term Decoder::opaque(std::uint8_t code, const char* start) {
  OpaqueKind kind = OpaqueKind::reference;
  if (code == tag::pid || code == tag::new_pid) kind = OpaqueKind::pid;
  if (code == tag::port || code == tag::new_port || code == tag::v4_port) kind = OpaqueKind::port;
  if (code == tag::bit_string) kind = OpaqueKind::bit_string;
  if (!skip_opaque(code)) fail(EtfError::malformed);
  if (error_) return {};
  return Term(Term::Value(Opaque{kind, std::string(start, rest_.data())}));
}

Term Decoder::term(std::size_t depth_left) {
  if (depth_left == 0) return fail(EtfError::limit), Term{};
  const char* start = rest_.data();
  const auto code = static_cast<std::uint8_t>(number(1));
  if (error_) return {};
  switch (code) {
    case tag::small_integer: return static_cast<std::int64_t>(number(1));
    case tag::integer: return static_cast<std::int32_t>(number(4));
    case tag::small_big: return big(size(1));
    case tag::large_big: return big(size(4));
    case tag::new_float: return float64();
    case tag::old_float: return float_text();
    case tag::atom: return latin1_atom(take(size(2)));
    case tag::small_atom: return latin1_atom(take(size(1)));
    case tag::atom_utf8: return text_atom(take(size(2)));
    case tag::small_atom_utf8: return text_atom(take(size(1)));
    case tag::small_tuple: return Term::tuple(elements(count(size(1)), depth_left - 1));
    case tag::large_tuple: return Term::tuple(elements(count(size(4)), depth_left - 1));
    case tag::nil: return Term::list({});
    case tag::string: return byte_list(take(size(2)));
    case tag::list: return list(depth_left - 1);
    case tag::binary: return take(size(4));
    case tag::map: return map(depth_left - 1);
    case tag::function:
    case tag::new_function:
    case tag::export_function: return fail(EtfError::function), Term{};
    default: return opaque(code, start);
  }
}

}  // namespace

Result<Term> decode(std::string_view bytes, const Limits& limits) {
  const auto failure = [](std::error_code why) { return tl::unexpected(why); };
  if (bytes.empty() || static_cast<std::uint8_t>(bytes.front()) != tag::version) return failure(EtfError::malformed);
  bytes.remove_prefix(1);
  std::optional<std::string> inflated;
  if (!bytes.empty() && static_cast<std::uint8_t>(bytes.front()) == tag::compressed) {
    if (bytes.size() < 5) return failure(EtfError::malformed);
    std::size_t plain_bytes = 0;
    for (const char c : bytes.substr(1, 4)) plain_bytes = plain_bytes << 8 | static_cast<unsigned char>(c);
    if (plain_bytes > limits.max_inflated_bytes) return failure(EtfError::limit);
    inflated = inflate_zlib(bytes.substr(5), plain_bytes);
    if (!inflated) return failure(EtfError::malformed);
    bytes = *inflated;
  }
  Decoder decoder(bytes, limits.max_terms);
  Term term = decoder.term(limits.max_depth);
  if (decoder.error()) return failure(decoder.error());
  return term;
}

}  // namespace phx::core::etf
